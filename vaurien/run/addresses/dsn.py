"""DSNs: pairs of a key and a value, ``host=a port=1``, ``mysql:host=a;port=1``, ``Server=a;Port=1``. Opens nothing."""
import re
from typing import NamedTuple

from ...address import Address
from . import found, tls
from .found import Edit, End, Found
from .pieces import Piece, UnreadableError
from .schemes import MYSQL, POSTGRES, Scheme
from .servers import Server, of_params, ports_of, split_pieces

#: ``key = value`` and ``key = 'a value'``, as libpq has them
LIBPQ = re.compile(r"\s*(?P<key>[a-zA-Z_]\w*)\s*=\s*"
                   r"(?:'(?P<quoted>(?:\\.|[^'\\])*)'|(?P<value>(?:\\.|[^\s\\'])*))(?=\s|$)", re.DOTALL)
#: ``Key=value;`` of PDO and ADO
PAIR = re.compile(r'\s*(?P<key>[a-zA-Z][\w ]*?)\s*=\s*(?P<value>[^;]*?)\s*(?:;|$)', re.DOTALL)
#: what PDO has before its pairs
PDO = re.compile(r'(?P<driver>mysql|pgsql|mariadb):(?=\w+=)', re.IGNORECASE)
DRIVERS = {'mysql': MYSQL, 'mariadb': MYSQL, 'pgsql': POSTGRES}
HOSTS = ('host', 'server', 'data source', 'datasource', 'addr', 'address')
PORTS = ('port',)
SOCKETS = ('unix_socket',)


class Pairs(NamedTuple):
    """The pairs of a DSN.

    Args:
        values: The values, by their keys in small letters.
        between: What stands between two pairs.
        scheme: What the driver says, if it is named.
    """

    values: dict[str, Piece]
    between: str
    scheme: Scheme | None

    def escaped(self, value: str) -> str:
        """Write a value as it stands in such a text, whether in quotes or not."""
        return re.sub(r"([\\'\s])", r'\\\1', value) if self.between == ' ' else value


def take_apart(text: str) -> Pairs | None:
    """Find the pairs of a text; None: it has none."""
    driver = PDO.match(text)
    if driver:
        return pairs(text, driver.end(), PAIR, ';', DRIVERS[driver['driver'].lower()])
    libpq = pairs(text, 0, LIBPQ, ' ', POSTGRES)
    return libpq if libpq and ';' not in text else pairs(text, 0, PAIR, ';', None) or libpq


def pairs(text: str, at: int, form: re.Pattern[str], between: str, scheme: Scheme | None) -> Pairs | None:
    values: dict[str, Piece] = {}
    while at < len(text.rstrip()):
        one = form.match(text, at)
        if one is None or one.end() == at:
            return None
        group = 'quoted' if one.groupdict().get('quoted') is not None else 'value'
        values[one['key'].lower()] = Piece(re.sub(r'\\(.)', r'\1', one[group]), one.start(group), one.end(group))
        at = one.end()
    return Pairs(values, between, scheme) if values else None


def read_dsn(text: str, taken: Pairs, told: str, default: Scheme | None) -> Found:
    """Read a DSN.

    Args:
        text: The text.
        taken: Its pairs.
        told: The protocol that the user says; empty: that of the form.
        default: What the protocol that is told says of ports; None: nothing.

    Raises:
        UnreadableError: It has no address that can be replaced.
    """
    scheme = default or taken.scheme
    if scheme is None:
        raise UnreadableError(':PROTOCOL after the name, as this form does not say it')
    protocol = told or scheme.protocol
    wish, notes = tls.notes(tls.wish('', scheme._replace(protocol=protocol), taken.values), told, is_java=False)
    if wish and 'hostaddr' in taken.values and 'host' in taken.values:      # the host is asked for nevertheless
        wish = wish._replace(names=tuple(piece.text for piece in pieces(text, taken.values['host']) if piece.text))
    for key in SOCKETS:
        if key in taken.values:
            piece = taken.values[key]
            edit = Edit(piece.start, piece.end, found.host(0))
            return Found(text, (End(address_of_path(piece.text), protocol),), (edit,), notes)
    servers = servers_of(text, taken)
    ports = [piece for key in PORTS if key in taken.values for piece in pieces(text, taken.values[key])]
    ends, edits = of_params(servers, ports, protocol, scheme.port)
    make = ports_of(ends, servers)
    if make is not None and ports:
        edits.append(Edit(ports[0].start, ports[-1].end, make))
    elif make is not None:
        last = len(text.rstrip())
        before = taken.between if not text.rstrip().endswith(taken.between) else ''
        edits.append(Edit(last, last, found.joined([found.text(f'{before}port='), make], '')))
    return Found(text, tuple(ends), tuple(edits), notes).inside(wish, taken.values, taken.escaped)


def servers_of(text: str, taken: Pairs) -> list[Server]:
    """Return the servers that a DSN names."""
    hosts = next((pieces(text, taken.values[key]) for key in HOSTS if key in taken.values), [])
    addresses = pieces(text, taken.values['hostaddr']) if 'hostaddr' in taken.values else []
    if addresses:
        hosts = hosts if len(hosts) == len(addresses) else [Piece('', 0, 0)] * len(addresses)
        return [Server(host, None, address) for host, address in zip(hosts, addresses, strict=True)]
    if not hosts or not all(host.text for host in hosts):
        raise UnreadableError('a host in it')
    return [Server(host) for host in hosts]


def pieces(text: str, value: Piece) -> list[Piece]:
    """Take a list apart."""
    return split_pieces(text, value.start, value.end)


def address_of_path(path: str) -> Address:
    """Return the address of a socket.

    Raises:
        UnreadableError: It is no path.
    """
    if not path.startswith('/'):
        raise UnreadableError('the path of a socket')
    return Address(path, None)
