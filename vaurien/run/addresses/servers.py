"""Hosts and ports in places of their own, as in ``host=a,b port=1,2``: which servers they are. Knows no form of a text."""
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from ...address import Address, read
from . import found
from .found import Edit, End, Make
from .pieces import Piece, UnreadableError

#: a name or a numeric address; what has other characters is of a form that is not known here
HOST = re.compile(r'[\w.:%-]+\Z')
SOCKET = '.s.PGSQL.{}'  #: what PostgreSQL calls its socket, in the folder that is said


class Server(NamedTuple):
    """A server that a text names.

    Args:
        host: Its host, or the path of a socket or of its folder.
        port: Its port, if that stands beside the host, as in ``host:port``.
        address: What is to be connected to in place of the host, if that is said.
    """

    host: Piece
    port: Piece | None = None
    address: Piece | None = None


def split_pieces(text: str, start: int, end: int, separators: str = ',') -> list[Piece]:
    """Take a part of a text apart."""
    pieces, begin = [], start
    for at in range(start, end + 1):
        if at == end or text[at] in separators:
            pieces.append(Piece(text[begin:at], begin, at))
            begin = at + 1
    return pieces


def address_of(host: str, port: str | int, folder: bool = False) -> Address:
    """Return the address that a host and a port are.

    Args:
        host: A name, a numeric address, or a path.
        port: The port.
        folder: Whether a path is that of the folder of PostgreSQL's socket.

    Raises:
        UnreadableError: They are none.
    """
    if host.startswith('/') and not host.startswith('//'):
        return Address(os.path.join(host, SOCKET.format(port)) if folder else host, None)
    bare = host.removeprefix('[').removesuffix(']')
    address = read(f'[{bare}]:{port}' if ':' in bare else f'{bare}:{port}')
    if address is None or not HOST.match(bare) or not address.port:
        raise UnreadableError('HOST:PORT, with a port from 1 to 65535')
    return address


def of_params(servers: Sequence[Server], ports: Sequence[Piece], protocol: str, default: int) -> tuple[list[End], list[Edit]]:
    """Return the servers of hosts and ports that stand in places of their own, and what is written in their stead.

    Args:
        servers: The hosts, in their order.
        ports: The ports; one for all, or one for each.
        protocol: What they speak.
        default: The port where none is said.

    Raises:
        UnreadableError: There are not as many ports as hosts, or something is no address.
    """
    said = [piece.text for piece in ports] or ['']
    if len(said) == 1:
        said = said * len(servers)
    if len(said) != len(servers):
        raise UnreadableError('as many ports as hosts, or one')
    ends, edits = [], []
    for at, (server, number) in enumerate(zip(servers, said, strict=True)):
        target = server.address or server.host
        inline = server.port.text if server.port else ''
        end = address_of(target.text, inline or number or default, folder=protocol == 'postgres')
        ends.append(End(end, protocol))
        edits.append(Edit(target.start, target.end, found.folder(at) if end.unix else found.host(at)))
        if server.port and not end.unix:
            edits.append(Edit(server.port.start, server.port.end, found.port(at)))
    return ends, edits


def ports_of(ends: Sequence[End], servers: Sequence[Server]) -> Make | None:
    """Return what writes the list of ports; None: none of them changes, or each stands beside its host."""
    if all(end.address.unix for end in ends) or all(server.port for server in servers):
        return None
    return found.joined([found.text(end.address.host.rpartition('.')[2]) if end.address.unix else found.port(at)
                         for at, end in enumerate(ends)])
