"""What vaurien says of itself: a page that fits on a screen, and one for each plugin. Parses nothing."""
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import ConfigError
from ..links import LINKS
from ..options import Bounded, Option, expected, flag, known
from ..plugins import KINDS, Catalog
from ..protocols.message import CATEGORIES, FailureKind
from ..spec import ProxySpec
from .subcommands import SUBCOMMANDS

SHORT = """\
vaurien stands between a program and its backend, and makes the backend fail.
usage: vaurien [--proxy HOST:PORT] [--backend HOST:PORT] [option ...]

  vaurien run --through DATABASE_URL --behavior 5:error -- pytest tests/
      one query in twenty of these tests gets an error of their database
  vaurien --backend localhost:80 --protocol http --behavior 20:delay,10:error
      one request in five is a second late, one in ten gets an error
  vaurien --backend localhost:6379 --link 3g --http
      as slow as 3g; vaurienctl changes it while it runs

  --proxy, --backend    where it listens ({proxy}), and connects to ({backend})
{protocols}
{behaviors}
  --toxic, --link       what is wrong with the wire; --seed N: the same again
  --http                a control server: vaurienctl, Toxiproxy's API, metrics
{subcommands}
vaurien help NAME       about a protocol and its errors, a behavior, a toxic
vaurien --help-all      every flag
"""
METAVARS: dict[Any, str] = {int: 'N', float: 'N', str: 'TEXT'}
SHORT_WIDTH = 79    #: [characters] of a line of the short page
WIDEST = 100    #: [characters] of a line, also where the terminal is wider
INDENT = '  '
MARKUP = re.compile(r'``?([^`]*?)``?')


def short(catalog: Catalog) -> str:
    """Return the page that fits on a screen."""
    untold = ProxySpec()
    protocols, behaviors = (', '.join(sorted(catalog.get(kind, ()))) for kind in ('protocol', 'behavior'))
    words = '\n'.join(f'vaurien {word:15} {found.help}' for word, found in SUBCOMMANDS.items())
    return SHORT.format(subcommands=words, proxy=untold.proxy.removeprefix('localhost'), backend=untold.backend,
                        protocols=beside('--protocol NAME', protocols),
                        behaviors=beside('--behavior MIX', f'percent:name[,...] of {behaviors}'))


def beside(name: str, text: str) -> str:
    """Write a flag with what it takes beside it, in the columns of ``SHORT``."""
    return textwrap.fill(text, SHORT_WIDTH, initial_indent=f'{INDENT}{name:22}', subsequent_indent=' ' * 24)


def page(names: Iterable[str], catalog: Catalog) -> str:
    """Return what there is to say about plugins and links.

    Args:
        names: Their names; one that several have is about all of them.
        catalog: The plugins that there are.

    Raises:
        ConfigError: Nothing has such a name.
    """
    import shutil  # slow to import, and help is seldom asked for
    width = min(shutil.get_terminal_size().columns, WIDEST)
    parts = [part for name in names for part in parts_about(name, catalog)]
    return '\n\n'.join('\n'.join(wrapped(line, width) for line in part) for part in parts) + '\n'


def kinds_of_files() -> Any:
    """Return what reads the kinds of files; http comes with it, which most starts have no use for."""
    from ..protocols.http.providers import kinds
    return kinds


def parts_about(name: str, catalog: Catalog) -> list[list[str]]:
    files = kinds_of_files()
    kinds = [kind for kind, plugins in catalog.items() if name in plugins]
    parts = [list(about(kind, name, catalog)) for kind in kinds]
    if name in LINKS:
        parts.append([f'{name}: a link, for --link', '', f'{INDENT}{LINKS[name]}'])
    if name in files.providers():
        parts.append(list(about_file(name)))
    if name in files.KINDS:
        parts.append(list(about_kind(name)))
    if not parts:
        there = [*LINKS, *files.providers(), *(one for plugins in catalog.values() for one in plugins)]
        raise ConfigError('help', name, known(name, there))
    return parts


def about(kind: str, name: str, catalog: Catalog) -> Iterator[str]:
    """Give the lines about a plugin: what it is, its options, and the errors that a protocol knows."""
    cls = KINDS[kind].registry.get(name)
    yield f'{name}: a {kind}, for --{kind}'
    yield ''
    for paragraph in filter(None, inspect.cleandoc(cls.__doc__ or '').split('\n\n')):
        yield from (paragraph, '') if paragraph.startswith(' ') else (INDENT + plain(' '.join(paragraph.split())), '')
    options = catalog[kind][name].options
    if options:
        yield 'options' if KINDS[kind].has_flags else 'attributes'
        for key, option in options.items():
            yield from described(written(kind, name, key, option), help_text(option).replace('%%', '%'))
    errors = getattr(cls, 'errors', None)
    if errors:
        yield ''
        yield f'kinds of error, for --behavior error {flag("behavior", "error", "kind")} KIND; a code is for all that have it'
        for key, entry in errors.items():
            yield from described(titled(key, entry), plain(entry.description))
        yield ''
        if cls.tables:
            there = [name for name in kinds_of_files().providers() if any(kind.startswith(f'{name}-') for kind in cls.tables)]
            yield f'those of files: {", ".join(f"{name}-*" for name in there)}; as for vaurien help {there[0]}'
            yield ''
        yield f'and those of TLS, as every protocol: {", ".join(cls.kinds_of_tls)}'
        yield ''
        yield 'classes: what a client can tell apart'
        for letter, meaning in CATEGORIES.items():
            yield f'{INDENT}{letter}  {meaning}'


def about_file(provider: str) -> Iterator[str]:
    """Give the lines about a file of kinds that comes with vaurien."""
    table, rows = kinds_of_files().own(provider)
    yield f'{table.title}: kinds of error of http, for --behavior error {flag("behavior", "error", "kind")} KIND'
    yield ''
    for name, row in rows.items():
        yield from described(titled(name, row.kind), plain(row.kind.description))


def about_kind(name: str) -> Iterator[str]:
    """Give the lines about a kind of a file."""
    row = kinds_of_files().KINDS.row(name)
    assert row is not None
    yield f'{titled(name, row.kind)}: a kind of error of http, for --behavior error {flag("behavior", "error", "kind")} {name}'
    yield ''
    yield INDENT + plain(row.kind.description)
    yield f'{INDENT}It comes from: {row.source or "a file that does not say"}'


def titled(name: str, kind: FailureKind) -> str:
    """Write the name of a kind, its codes in parentheses, and its class."""
    codes = f' ({", ".join(kind.codes)})' if kind.codes else ''
    said = [f'class {kind.category}' if kind.category else '', 'only by its name' if kind.only_named else '']
    return f'{name}{codes}' + ''.join(f', {word}' for word in said if word)


def plain(text: str) -> str:
    """Take the marks of reStructuredText away."""
    return MARKUP.sub(r'\1', text)


def written(kind: str, name: str, key: str, option: Option) -> str:
    """Write how an option is given."""
    if not KINDS[kind].has_flags:
        return f'{key}={metavar(option)}'
    return flag(kind, name, key) + ('' if option.type is bool else f' {metavar(option)}')


def described(name: str, text: str) -> tuple[str, str]:
    return f'{INDENT}{name}', f'{INDENT * 3}{text}'


def wrapped(line: str, width: int) -> str:
    """Break a line where it has no room; what follows is indented as it is."""
    indent = line[:len(line) - len(line.lstrip())]
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) if line else ''


# -- options

def help_text(option: Option) -> str:
    """Describe an option with its choices and its default."""
    default = option.default
    if isinstance(default, bool):
        default = 'on' if default else 'off'
    elif isinstance(default, float):
        default = f'{default:g}'
    choices = f'; {expected(option)}' if option.choices else ''
    text = option.description + choices + (f' (default: {default})' if default not in (None, '') else '')
    return text.replace('%', '%%')  # argparse puts values in


def metavar(option: Option) -> str:
    """Return what stands for an option's value in the help."""
    if isinstance(option.type, Bounded):
        return 'N'
    return str(getattr(option.type, 'metavar', None) or METAVARS.get(option.type, 'VALUE'))
