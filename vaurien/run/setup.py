"""What a run is to do, made of its command line and its environment. Starts nothing."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..address import Address
from ..config import Configuration
from ..config.arguments import early
from ..config.files.ini import check_path, read_sections
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


class Setup(NamedTuple):
    """What there is to do.

    Args:
        configuration: What the process should be.
        throughs: What was named by ``--through`` and ``--in-place``.
        templates: What else the command is told.
        command: The command, and its arguments.
        quiet: Whether nothing is said of proxies and faults.
        playing: The scenario that is played meanwhile; None: none.
        door: The forward proxy; None: there is none.
        trust: What lets the command trust the certificates that it is shown.
    """

    configuration: Configuration
    throughs: tuple[Through, ...]
    templates: tuple[Template, ...]
    command: tuple[str, ...]
    quiet: bool
    playing: Playing | None = None
    door: Place | None = None
    trust: Mapping[str, str] = {}

    @property
    def places(self) -> list[Place]:
        """The backends."""
        return [*(place for through in self.throughs for place in through.places), *([self.door] if self.door else [])]

    def inside(self, folder: Path) -> 'Setup':
        """Return the same with its sockets inside a folder.

        Args:
            folder: One that is there.
        """
        return self.listening({place.name: place.inside(folder).listen for place in self.places if place.listen.unix})

    def trusting(self, variables: Mapping[str, str], servers: str, notes: Sequence[str]) -> 'Setup':
        """Return the same with a command that trusts more.

        Args:
            variables: What is told to it.
            servers: The file of the authorities that the servers behind the forward proxy may be of, where nothing else is said;
                empty: those of the system.
            notes: What there is to warn of.
        """
        configuration, spec = self.configuration, self.configuration.spec
        proxies = tuple(msgspec.structs.replace(proxy, tls_backend_ca=servers) if proxy.intercept and not proxy.tls_backend_ca
                        else proxy for proxy in spec.proxies)
        return self._replace(trust=variables, configuration=configuration._replace(
            spec=msgspec.structs.replace(spec, proxies=proxies), notes=(*configuration.notes, *notes)))

    def listening(self, listens: Mapping[str, Address], control: Address | None = None) -> 'Setup':
        """Return the same with proxies that listen elsewhere.

        Args:
            listens: Where, by their names.
            control: Where the control server listens; None: where it was said.
        """
        spec = self.configuration.spec
        proxies = tuple(msgspec.structs.replace(proxy, proxy=str(listens.get(proxy.name, proxy.proxy))) for proxy in spec.proxies)
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
    catalog, notes = make_catalog(KINDS)
    line = arguments.read(options, catalog)
    throughs = (*(read_through(given, environ) for given in line.own.get('through', ())),
                *(read_in_place(given) for given in line.own.get('in_place', ())))
    templates = tuple(read_template(given) for given in line.own.get('env', ()))
    door = read_intercept(line.own.get('intercept', ()))
    places = [*(place for through in throughs for place in through.places), *([door] if door else [])]
    check_places(places, templates)
    if not command:
        raise ConfigError('command line', ' '.join(argv), f'{arguments.END} and a command after the options')
    notes += [f'{through.variable or through.name}: {note}' for through in throughs for note in through.found.notes]
    if door is not None:
        notes += intercepting_notes(command, environ)
    configuration = specs.configuration(line, places, specs.Given(catalog, sections, environ, tuple(notes)))
    quiet = 'quiet' in line.common and bool(line.common['quiet'].value)
    return Setup(configuration, throughs, templates, tuple(command), quiet, read_playing(line.common), door)


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
