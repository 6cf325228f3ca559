"""Addresses with little around them: ``host:port``, ``/path``, lists of them, ``user@tcp(host:port)/`` of Go. Opens nothing."""
import re
from urllib.parse import quote

from ...address import Address
from . import found, schemes, tls
from .found import Edit, End, Found
from .pieces import Piece, UnreadableError
from .servers import address_of, split_pieces
from .urls import parameters, with_port

#: github.com/go-sql-driver/mysql
GO = re.compile(r'(?:.*@)?(?P<kind>tcp|unix)\((?P<address>[^()]+)\)/', re.DOTALL)
#: between several
SEPARATORS = ',; '


def read_go(text: str, told: str) -> Found | None:
    """Read a DSN of Go; None: it is none.

    Raises:
        UnreadableError: It has no address.
    """
    go = GO.match(text)
    if go is None:
        return None
    protocol = told or 'mysql'
    piece = Piece(go['address'], go.start('address'), go.end('address'))
    if go['kind'] == 'unix':
        return Found(text, (End(Address(piece.text, None), protocol),), (Edit(piece.start, piece.end, found.host(0)),))
    said = {name: pieces[-1] for name, pieces in parameters(text, go.end(), len(text)).items()}
    wish, notes = tls.notes(tls.wish('', schemes.BY_PROTOCOL.get(protocol, schemes.Scheme()), said), told, is_java=False)
    return read_list(text, [piece], protocol)._replace(notes=notes).inside(wish, said, quote)


def read_plain(text: str, told: str) -> Found:
    """Read ``HOST:PORT``, a path, or several.

    Args:
        text: The text.
        told: The protocol that the user says; empty: the one that is known at this port, else tcp.

    Raises:
        UnreadableError: It is none of them.
    """
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    pieces = [piece for piece in split_pieces(text, start, end, SEPARATORS) if piece.text]
    if not pieces:
        raise UnreadableError('an address: it is empty')
    return read_list(text, pieces, told)


def read_list(text: str, pieces: list[Piece], told: str) -> Found:
    """Read some addresses of a text."""
    ends, edits = [], []
    default = schemes.BY_PROTOCOL.get(told, schemes.Scheme())
    for at, piece in enumerate(pieces):
        path = piece.text.removeprefix('unix:')
        if path.startswith('/'):
            begin = piece.end - len(path)
            ends.append(End(address_of(path, default.port, folder=default.folder), told))
            edits.append(Edit(begin, piece.end, found.folder(at) if default.folder else found.host(at)))
            continue
        server = with_port(piece)
        port = server.port.text if server.port else default.port
        if not port:
            raise UnreadableError('a URL, a DSN, or HOST:PORT; a host alone is named by NAME=HOST:PORT, and told by --env')
        address = address_of(server.host.text, port)
        ends.append(End(address, told))
        edits.append(Edit(piece.start, piece.end, found.whole(at)))
    protocol = told or next((schemes.BY_PORT[end.address.port] for end in ends if end.address.port in schemes.BY_PORT), 'tcp')
    return Found(text, tuple(end._replace(protocol=protocol) for end in ends), tuple(edits))
