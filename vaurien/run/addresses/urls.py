"""URLs: where in their text the hosts are. Opens nothing, and knows of a scheme what the table of schemes says."""
import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from ...address import Address
from . import found, schemes, tls
from .found import Edit, End, Found, Trusted
from .pieces import Piece, UnreadableError
from .schemes import Scheme
from .servers import Server, address_of, of_params, ports_of, split_pieces

#: a scheme, and what JDBC and Celery put before it and, as ``loadbalance``, behind it
SCHEME = re.compile(r'(?P<wrapper>jdbc:|r2dbc:(?:pool:)?|db\+)?(?P<scheme>[a-z][a-z0-9+.-]*?)'
                    r'(?::(?:aurora|loadbalance|replication|sequential|failover|pool))?:(?P<slashes>//)?', re.IGNORECASE)
JAVA = ('jdbc:', 'r2dbc:')
#: where a URL ends and another one begins
NEXT = re.compile(r'[;,]\s*(?=[a-z][a-z0-9+.-]*://)', re.IGNORECASE)
#: one parameter of a query
PARAMETER = re.compile(r'(?:^|[?&;])(?P<name>[^=&;]+)=(?P<value>[^&#]*)')
PORT = re.compile(r'\d{0,5}\Z')
#: schemes whose path is that of a socket
OF_A_PATH = ('unix', 'redis+socket', 'redis+unix', 'valkey+unix', 'socket')
#: parameters with the path of a socket
SOCKETS = ('unix_socket', 'unix_sock', 'socket', 'socketPath', 'unixSocket', 'localSocket')


class Parts(NamedTuple):
    """Where in a text the parts of a URL are.

    Args:
        scheme: The scheme, in small letters.
        hosts: Where the hosts begin and end.
        path: Where the path begins and ends.
        query: The parameters, by their names, each with all its values.
        end: Where a parameter would be added.
        has_query: Whether there is a question mark.
        is_java: It is for Java: JDBC or R2DBC.
    """

    scheme: str
    hosts: tuple[int, int]
    path: tuple[int, int]
    query: dict[str, list[Piece]]
    end: int
    has_query: bool
    is_java: bool


def is_url(text: str) -> bool:
    """Return whether a text begins as a URL does."""
    scheme = SCHEME.match(text)
    return scheme is not None and bool(scheme['slashes'] or scheme['wrapper'] == 'jdbc:' or scheme['scheme'].lower() == 'socket')


def read_urls(text: str, told: str) -> Found:
    """Read one URL, or several of which the command tries one after the other.

    Args:
        text: The text.
        told: The protocol that the user says; empty: that of the scheme.

    Raises:
        UnreadableError: It has no address that can be replaced.
    """
    ends: list[End] = []
    edits: list[Edit] = []
    notes: list[str] = []
    trusted: list[Trusted] = []
    start = 0
    for between in [*NEXT.finditer(text), None]:
        part = read_url(text, start, between.start() if between else len(text), told, len(ends))
        ends += part.ends
        edits += part.edits
        notes += part.notes
        trusted += part.trusted
        start = between.end() if between else start
    return Found(text, tuple(ends), tuple(edits), tuple(dict.fromkeys(notes)), tuple(trusted))


def read_url(text: str, start: int, stop: int, told: str, first: int) -> Found:
    """Read one URL of a text.

    Args:
        text: The text.
        start: Where the URL begins.
        stop: Where it ends.
        told: As for ``read_urls``.
        first: How many servers there are before it.
    """
    parts = take_apart(text, start, stop)
    scheme = scheme_of(parts.scheme, told)
    said = {name: pieces[-1] for name, pieces in parts.query.items()}
    wish, notes = tls.notes(tls.wish(parts.scheme, scheme, said), told, is_java=parts.is_java)
    ends, edits = find(text, parts, scheme)
    shifted = [edit._replace(make=found.shifted(edit.make, first)) for edit in edits]
    if wish and 'hostaddr' in parts.query:      # the host is asked for nevertheless
        hosts = split_pieces(text, *parts.hosts)
        hosts += [piece for value in parts.query.get('host', ()) for piece in listed(text, value)]
        wish = wish._replace(names=tuple(name for piece in hosts if (name := with_port(piece).host.text)))
    return Found(text, tuple(ends), tuple(shifted), notes).inside(wish, said, quote)


def scheme_of(name: str, told: str) -> Scheme:
    """Return what a scheme says, but for what the user has told.

    Raises:
        UnreadableError: Nobody says what is spoken, or nothing can stand there.
    """
    refused = schemes.refusal(name)
    if refused:
        raise UnreadableError(refused)
    scheme = schemes.find(name)
    if scheme is None:
        if not told:
            raise UnreadableError('a known scheme, or :PROTOCOL after the name; ":tcp" relays what is not known')
        scheme = schemes.BY_PROTOCOL.get(told, Scheme())
    return scheme._replace(protocol=told or scheme.protocol)


def take_apart(text: str, start: int, stop: int) -> Parts:
    """Find the parts of a URL.

    Raises:
        UnreadableError: It has no scheme.
    """
    scheme = SCHEME.match(text, start, stop)
    if scheme is None:
        raise UnreadableError('a URL')
    name, at = scheme['scheme'].lower(), scheme.end()
    is_java = (scheme['wrapper'] or '').lower().startswith(JAVA)
    fragment = text.find('#', at, stop)
    if not scheme['slashes']:
        question = mark(text, at, stop, '?')
        return Parts(name, (at, at), (at, question), parameters(text, question, stop), stop, question < stop, is_java)
    end = min(mark(text, at, stop, char) for char in '/?#')
    if name in ('sqlserver', 'mssql') and scheme['wrapper']:
        end = min(end, mark(text, at, stop, ';'))
    hosts = text.rfind('@', at, end) + 1 or at
    if '@' in text[end:stop] and not all(PORT.match(piece.text.rpartition(']')[2].partition(':')[2])
                                         for piece in split_pieces(text, hosts, end)):
        hosts = text.index('@', end, stop) + 1      # SQLAlchemy takes a password as it is, with "/", "?" and "#"
        end = min(mark(text, hosts, stop, char) for char in '/?#')
        fragment = text.find('#', end, stop)
    last = fragment if fragment >= 0 else stop
    question = mark(text, end, last, '?')
    return Parts(name, (hosts, end), (end, question), parameters(text, question, last), last, question < last, is_java)


def mark(text: str, start: int, stop: int, char: str) -> int:
    """Return where a character is, or else the end."""
    at = text.find(char, start, stop)
    return stop if at < 0 else at


def parameters(text: str, start: int, stop: int) -> dict[str, list[Piece]]:
    """Return the parameters of a query, without percent signs."""
    query: dict[str, list[Piece]] = {}
    for one in PARAMETER.finditer(text, start, stop):
        query.setdefault(unquote(one['name']), []).append(Piece(unquote(one['value']), one.start('value'), one.end('value')))
    return query


def find(text: str, parts: Parts, scheme: Scheme) -> tuple[list[End], list[Edit]]:
    """Find the servers of a URL, by the first of the ways that it has."""
    if parts.scheme in OF_A_PATH:
        return in_path(text, parts, scheme)
    for name in SOCKETS if scheme.protocol == 'mysql' else ():
        for piece in parts.query.get(name, ()):
            return [End(Address(piece.text, None), scheme.protocol)], [Edit(piece.start, piece.end, found.host(0))]
    if scheme.folder and {'host', 'hostaddr', 'port'} & parts.query.keys():
        return in_query(text, parts, scheme)
    return in_authority(text, parts, scheme)


def in_path(text: str, parts: Parts, scheme: Scheme) -> tuple[list[End], list[Edit]]:
    """Find the socket that the path of a URL is."""
    start, end = parts.path
    path = unquote(text[start:end])
    if not path.startswith('/'):
        raise UnreadableError('the path of a socket')
    address = address_of(path.rstrip('/'), scheme.port, folder=scheme.folder)
    make = found.folder(0) if scheme.folder else found.host(0)
    return [End(address, scheme.protocol)], [Edit(start, end, make)]


def in_authority(text: str, parts: Parts, scheme: Scheme) -> tuple[list[End], list[Edit]]:
    """Find the servers where most URLs have them."""
    start, end = parts.hosts
    ends, edits = [], []
    separators = ',;' if scheme.protocol == 'memcache' else ','
    for at, piece in enumerate(split_pieces(text, start, end, separators)):
        server = with_port(piece)
        host = server.host.text or scheme.host
        port = server.port.text if server.port else ''
        if not host or not (port or scheme.port):
            raise UnreadableError('a host in it' if not host else 'a port in it')
        address = address_of(host, port or scheme.port, folder=scheme.folder)
        ends.append(End(address, scheme.protocol))
        if address.unix:
            make = found.folder(at) if scheme.folder else found.host(at)
            edits.append(Edit(server.host.start, server.host.end, found.quoted(make)))
        else:
            edits.append(Edit(piece.start, piece.end, found.whole(at)))
    return ends, edits


def with_port(piece: Piece) -> Server:
    """Take ``host:port`` apart, or ``[address]:port``."""
    bracket = piece.text.rfind(']')
    colon = piece.text.find(':', bracket + 1)
    if colon < 0:
        return Server(piece._replace(text=unquote(piece.text)))
    at = piece.start + colon
    return Server(Piece(unquote(piece.text[:colon]), piece.start, at), Piece(piece.text[colon + 1:], at + 1, piece.end))


def in_query(text: str, parts: Parts, scheme: Scheme) -> tuple[list[End], list[Edit]]:
    """Find the servers in parameters: ``?host=/folder``, ``?host=a:1&host=b:2`` (SQLAlchemy), ``?host=a,b&port=1,2`` (libpq)."""
    authority = [with_port(piece) for piece in split_pieces(text, *parts.hosts)]
    said = [piece for value in parts.query.get('host', ()) for piece in listed(text, value)]
    servers = [server_of(piece) for piece in said] or authority
    addresses = [piece for value in parts.query.get('hostaddr', ()) for piece in listed(text, value)]
    if addresses:
        hosts = servers if len(servers) == len(addresses) else [Server(Piece('', 0, 0))] * len(addresses)
        servers = [server._replace(address=piece) for server, piece in zip(hosts, addresses, strict=True)]
    ports = [piece for value in parts.query.get('port', ()) for piece in listed(text, value)]
    if not ports and said and len(authority) == 1 and authority[0].port:
        ports = [authority[0].port]
    if not all((server.address or server.host).text for server in servers):
        raise UnreadableError('a host in it')
    ends, edits = of_params(servers, ports, scheme.protocol, scheme.port)
    if any(server.port for server in servers):      # SQLAlchemy takes them in one way or in the other
        return ends, [Edit(server.host.start, server.port.end if server.port else server.host.end, found.whole(at))
                      for at, server in enumerate(servers)]
    make = ports_of(ends, servers)
    if make is not None and ports:
        edits.append(Edit(ports[0].start, ports[-1].end, make))
    elif make is not None:
        edits.append(Edit(parts.end, parts.end, found.joined([found.text('&port=' if parts.has_query else '?port='), make], '')))
    return ends, edits


def listed(text: str, value: Piece) -> list[Piece]:
    """Take the value of a parameter apart at its commas, which may be written with percent signs."""
    pieces, begin = [], value.start
    for comma in re.finditer(r',|%2C', text[value.start:value.end], re.IGNORECASE):
        pieces.append(Piece(unquote(text[begin:value.start + comma.start()]), begin, value.start + comma.start()))
        begin = value.start + comma.end()
    return [*pieces, Piece(unquote(text[begin:value.end]), begin, value.end)]


def server_of(piece: Piece) -> Server:
    """Return the server that a parameter ``host`` names, with its port where SQLAlchemy has it."""
    if piece.text.startswith('/') or piece.text.count(':') != 1 or '%' in piece.text:
        return Server(piece)
    colon = piece.text.index(':')
    if piece.end - piece.start != len(piece.text):
        raise UnreadableError('host:port without percent signs')
    return Server(Piece(piece.text[:colon], piece.start, piece.start + colon),
                  Piece(piece.text[colon + 1:], piece.start + colon + 1, piece.end))
