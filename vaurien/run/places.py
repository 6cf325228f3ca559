"""Where a command's backends are, and what it is told in their stead: ``--through`` and ``--in-place``. Starts nothing."""
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..address import CONNECTING, Address, parse_address, parse_backend
from ..errors import ConfigError
from ..options import Given
from ..registry import NAME, NAME_FORM
from . import addresses
from .addresses import Found, Wish

#: where a proxy listens that the command is told of
ANYWHERE = Address('127.0.0.1', 0)
VARIABLE = re.compile(r'(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)(?::(?P<protocol>[A-Za-z0-9_.-]+))?\Z')
THROUGH = 'VAR, VAR:PROTOCOL, or NAME=HOST:PORT[:PROTOCOL]'
IN_PLACE = 'HOST:PORT[=BACKEND][:PROTOCOL]'
#: a protocol behind an address
SUFFIX = re.compile(r'(?P<address>.*(?::\d+|/[^:]*)):(?P<protocol>[A-Za-z][A-Za-z0-9_.-]*)\Z')


class Place(NamedTuple):
    """A backend that gets a proxy.

    Args:
        name: The proxy's name.
        backend: Its address.
        protocol: What it speaks.
        listen: Where the proxy listens; port 0 picks one. A path is relative to the run's own folder.
        alone: Whether it listens at the very address of its backend: the command needs a network of its own then.
        wish: What the command asks for of TLS; None: it speaks without, or what it speaks is relayed unread.
    """

    name: str
    backend: Address
    protocol: str
    listen: Address = ANYWHERE
    alone: bool = False
    wish: Wish | None = None

    def inside(self, folder: Path) -> 'Place':
        """Return the same place with the path that it listens at inside a folder."""
        if not self.listen.unix or self.listen.host.startswith('/'):
            return self
        return self._replace(listen=Address(str(folder / self.listen.host), None))


class Through(NamedTuple):
    """What ``--through`` or ``--in-place`` named.

    Args:
        name: The name of its first proxy.
        variable: The variable that is to be told to the command; empty: none.
        found: The text with the addresses in it.
        places: The backends, in the order of the text.
    """

    name: str
    variable: str
    found: Found
    places: tuple[Place, ...]

    def told(self, at: Mapping[str, Address], authorities: str = '') -> str:
        """Return the text with the addresses of the proxies, which are known by their names.

        Args:
            at: The addresses.
            authorities: As for ``Found.at``.
        """
        return self.found.at([at[place.name] for place in self.places], authorities)


def read_through(given: Given, environ: Mapping[str, str]) -> Through:
    """Read what ``--through`` was given.

    Raises:
        ConfigError: There is no such variable, or no address in it.
    """
    text = str(given.value)
    name, equals, address = text.partition('=')
    if equals:
        return named(name, '', f'{given.label} {name}', address, *with_protocol(address), given)
    variable = VARIABLE.match(text)
    if variable is None:
        raise ConfigError(given.label, text, THROUGH)
    if not environ.get(variable['name']):
        raise ConfigError(given.label, variable['name'], 'the name of an environment variable that is set, or NAME=HOST:PORT')
    return named(variable['name'].lower(), variable['name'], f'{given.label} {variable["name"]}', '', environ[variable['name']],
                 variable['protocol'] or '', given)


def with_protocol(text: str) -> tuple[str, str]:
    """Take off the protocol behind an address; a URL has none, as it says it in front."""
    suffix = SUFFIX.match(text)
    return (suffix['address'], suffix['protocol']) if suffix and '://' not in text else (text, '')


def named(name: str, variable: str, label: str, whole: str, text: str, protocol: str, given: Given) -> Through:
    """Make a proxy for each address of a text."""
    if not NAME.match(name):
        raise ConfigError(given.label, name, f'a name of {NAME_FORM}')
    found = addresses.read(text, label, variable or whole, protocol)
    names = [name, *(f'{name}_{number}' for number in range(2, len(found.ends) + 1))]
    places = [Place(one, end.address, end.protocol, listen_of(one, end.address), wish=end.wish)
              for one, end in zip(names, found.ends, strict=True)]
    return Through(name, variable, found, tuple(places))


def listen_of(name: str, backend: Address) -> Address:
    """Return where the proxy of a backend listens: a port for a port, and a socket for a socket."""
    return Address(f'{name}/{Path(backend.host).name}', None) if backend.unix else ANYWHERE


def read_in_place(given: Given) -> Through:
    """Read what ``--in-place`` was given.

    Raises:
        ConfigError: It is not of its form.
    """
    text, protocol = with_protocol(str(given.value))
    where, equals, backend = text.partition('=')
    try:
        listen = parse_address(where)
        connect = parse_backend(backend) if equals else listen
    except ConfigError:
        raise ConfigError(given.label, given.value, f'{IN_PLACE}: {CONNECTING}') from None
    if not listen.unix and not (listen.host and listen.port):
        raise ConfigError(given.label, given.value, f'{IN_PLACE}: {CONNECTING}')
    if equals and listen == connect or listen.unix and not equals:
        raise ConfigError(given.label, given.value, f'{IN_PLACE}, where BACKEND is elsewhere')
    found = addresses.read(where, given.label, where, protocol)
    name = re.sub(r'[^A-Za-z0-9_.]+', '-', Path(where).name if listen.unix else where).strip('-._')
    return Through(name, '', found, (Place(name, connect, found.ends[0].protocol, listen, alone=not equals),))
