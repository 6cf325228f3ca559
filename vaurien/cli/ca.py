"""The command ``vaurien ca``: where the certificate of vaurien's own authority is, how programs are told of it, and its end."""
import os
import shlex
import sys
from collections.abc import Callable, Sequence

from ..config.arguments import Parser, Show
from ..errors import ConfigError
from ..options import known
from ..plugins import Catalog
from .command import DONE, say

TEXT = """\
vaurien ca is about the certificates that vaurien shows to programs where it
speaks TLS with them and has no --tls-cert: those of an authority of its own.

usage: vaurien ca [env|remove]

  vaurien ca            prints the path of its certificate, which programs are
                        to trust; the authority is made on first use, for this
                        user alone, in $XDG_DATA_HOME/vaurien
  vaurien ca env        prints lines for a shell, which let programs trust it
                        beside all that they trust: eval "$(vaurien ca env)"
  vaurien ca remove     removes it, with its key

Nothing is put into the store of the system. pip install "vaurien[tls]" brings
what is needed to make certificates.
"""
WORDS = ENV, REMOVE = 'env', 'remove'


def main(argv: Sequence[str]) -> int:
    """Do what is asked for.

    Args:
        argv: The arguments after the word ``ca``.

    Returns:
        The exit status: 0.

    Raises:
        ConfigError: The arguments are not to be understood.
        AuthorityError: There is no authority that can be used, or it cannot be removed.
    """
    _, rest = make_parser().read(argv)
    calls: dict[str, Callable[[], None]] = {'': show, ENV: environment, REMOVE: remove}
    word = rest[0] if rest else ''
    if word not in calls:
        raise ConfigError('command line', word, known(word, WORDS, f'nothing, {ENV} or {REMOVE}'))
    if len(rest) > 1:
        raise ConfigError('command line', rest[1], f'nothing after {word}')
    calls[word]()
    return DONE


def make_parser(_: Catalog | None = None) -> Parser:
    """Make the parser, which knows help alone; the docs and completion are made from it."""
    parser = Parser(add_help=False)
    parser.add_argument('--help', '-h', action=Show, text=TEXT, help='Print what there is to say of it, and exit')
    return parser


def show() -> None:
    """Print the path of the certificate."""
    from ..net.tls.authority.kept import Kept, data_folder
    kept = Kept(data_folder())
    kept.ensure()
    put(str(kept.certificate))


def environment() -> None:
    """Write the bundle, and print the lines of a shell that name it."""
    from ..net.tls.authority.kept import Kept, data_folder
    from ..net.tls.authority.roots import make_bundle, variables
    kept = Kept(data_folder())
    kept.ensure()
    bundle, notes = make_bundle(kept.certificate.read_bytes(), os.environ, str(kept.bundle))
    for note in notes:
        say(f'warning: {note}', sys.stderr)
    kept.write_bundle(bundle)
    for name, path in variables(str(kept.certificate), str(kept.bundle), os.environ).items():
        put(f'export {name}={shlex.quote(path)}')


def remove() -> None:
    """Remove the authority, whatever is left of it."""
    from ..net.tls.authority.kept import Kept, data_folder
    kept = Kept(data_folder())
    put(f'{"removed" if kept.remove() else "there is none in"} {kept.folder}')


def put(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f'{line}\n')
