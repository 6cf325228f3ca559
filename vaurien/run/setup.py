"""What a run is to do, made of its command line and its environment. Starts nothing."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..address import Address, written
from ..config import Configuration
from ..config.arguments import early
from ..config.files.ini import read_sections
from ..config.files.reading import check_path, read_first
from ..config.kinds import load_kinds
from ..config.plugins import load_plugins
from ..errors import ConfigError
from ..plugins import KINDS, make_catalog
from ..scenario.playing import Playing
from . import arguments, specs
from .beside import read_playing
from .intercepting import notes as intercepting_notes
from .intercepting import read_intercept
from .places import Place, Through, read_in_place, read_through
from .templates import Template, read_template
from .trust import AuthorityError, Trust, completed, make_trust


class Setup(NamedTuple):
    """What there is to do.

    Args:
        configuration: What the process should be.
        throughs: What was named by ``--through`` and ``--in-place``.
        templates: What else the command is told.
        command: The command, and its arguments.
        quiet: Whether nothing is said of proxies and faults.
        playing: The scenario that is played meanwhile; None: none.
        trust: Whom the command is to trust; None: as ever, as no TLS is ended.
        door: The forward proxy; None: there is none.
    """

    configuration: Configuration
    throughs: tuple[Through, ...]
    templates: tuple[Template, ...]
    command: tuple[str, ...]
    quiet: bool
    playing: Playing | None = None
    trust: Trust | None = None
    door: Place | None = None

    @property
    def places(self) -> list[Place]:
        """The backends."""
        return [*(place for through in self.throughs for place in through.places), *([self.door] if self.door else [])]

    def inside(self, folder: Path) -> 'Setup':
        """Return the same with its sockets, and the files of whom to trust, inside a folder.

        Args:
            folder: One that is there.
        """
        inside = self.listening({place.name: place.inside(folder).listen for place in self.places if place.listen.unix})
        if inside.trust is None:
            return inside
        trust, spec = inside.trust.inside(folder), inside.configuration.spec
        spec = msgspec.structs.replace(spec, proxies=tuple(map(trust.of_backend, spec.proxies)))
        return inside._replace(trust=trust, configuration=inside.configuration._replace(spec=spec))

    def listening(self, listens: Mapping[str, Address], control: Address | None = None) -> 'Setup':
        """Return the same with proxies that listen elsewhere.

        Args:
            listens: Where, by their names.
            control: Where the control server listens; None: where it was said.
        """
        spec = self.configuration.spec
        proxies = tuple(msgspec.structs.replace(proxy, proxy=written(proxy.proxy, listens[proxy.name]))
                        if proxy.name in listens else proxy for proxy in spec.proxies)
        moved = {'http_host': control.host, 'http_port': control.port} if control else {}
        spec = msgspec.structs.replace(spec, proxies=proxies, **moved)
        return self._replace(configuration=self.configuration._replace(spec=spec))


def make_setup(argv: Sequence[str], environ: Mapping[str, str]) -> Setup:
    """Read a command line.

    Args:
        argv: The arguments after the word ``run``.
        environ: The environment that addresses are taken from.

    Raises:
        ConfigError: A value does not fit.
        RegistrationError: A plugin cannot be used.
        OSError: A file cannot be read.
        SystemExit: ``--help``, ``--help-all`` or ``--version`` has been answered.
    """
    options, command = arguments.split(argv)
    first, _ = early(options)
    sections = read_sections(check_path(first['config']), environ) if 'config' in first else {}
    load_plugins(first, sections)
    load_kinds(first, sections, read_first)
    catalog, notes = make_catalog(KINDS)
    line = arguments.read(options, catalog)
    throughs = (*(read_through(given, environ) for given in line.own.get('through', ())),
                *(read_in_place(given) for given in line.own.get('in_place', ())))
    templates = tuple(read_template(given) for given in line.own.get('env', ()))
    throughs = tuple(completed(through, environ) for through in throughs)
    door = read_intercept(line.own.get('intercept', ()))
    places = [*(place for through in throughs for place in through.places), *([door] if door else [])]
    check_places(places, templates)
    if not command:
        raise ConfigError('command line', ' '.join(argv), f'{arguments.END} and a command after the options')
    notes += [f'{through.variable or through.name}: {note}' for through in throughs for note in through.found.notes]
    if door is not None:
        notes += intercepting_notes(command, environ)
    trust, more = trusted(places, environ)
    notes += more
    configuration = specs.configuration(line, places, specs.Given(catalog, sections, environ, tuple(notes)))
    quiet = 'quiet' in line.common and bool(line.common['quiet'].value)
    return Setup(configuration, throughs, templates, tuple(command), quiet, read_playing(line.common), trust, door)


def trusted(places: Sequence[Place], environ: Mapping[str, str]) -> tuple[Trust | None, list[str]]:
    """Return whom the command is to trust, and what there is to warn of; None: no TLS is ended.

    Raises:
        ConfigError: What that needs is not installed.
    """
    inside, names = [place.name for place in places if place.wish], [name for place in places for name in place.opened]
    if not inside and not names:
        return None, []
    try:
        return make_trust(places, environ, names)
    except AuthorityError as error:
        if not inside:
            raise
        raise ConfigError('--through', inside[0], f':tcp after the name, which relays its TLS unread; '
                          f'without it: {error}') from None
    except ValueError as error:
        raise ConfigError('--through', (inside or names)[0], f'a host that can stand in a certificate; {error}') from None


def check_places(places: Sequence[Place], templates: Sequence[Template]) -> None:
    """Refuse a run without a proxy, two proxies of one name, and a template for none of them.

    Raises:
        ConfigError: There is one.
    """
    names = [place.name for place in places]
    if not names:
        raise ConfigError('--through', '', 'at least one backend: VAR or NAME=HOST:PORT; or --in-place HOST:PORT, or '
                          '--intercept HOST')
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ConfigError('--through', name, 'each name once')
    for template in templates:
        template.check(names)
