"""Raw sockets: listening, accepting, connecting. Beside streams the only file that touches them; knows no stream."""
import contextlib
import errno
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from gevent import get_hub

from ..address import Address, join

RawSocket = Any     #: a ``socket.SocketType``, always non-blocking
#: what a socket to connect with is made as; without waiting from the start where the system knows that
_NEVER_WAITS = getattr(socket, 'SOCK_NONBLOCK', 0)
_TO_CONNECT = socket.SOCK_STREAM | _NEVER_WAITS | getattr(socket, 'SOCK_CLOEXEC', 0)
#: a socket that is accepted has TCP_NODELAY where the one has it that listens
_INHERITED = sys.platform == 'linux'
SocketAddress = tuple[int, Any]     #: family and what ``connect`` takes
#: SO_LINGER with no time: closing sends RST
RESET = struct.pack('ii', 1, 0)
#: [seconds] that a resolved name is used again without asking; bounds the look-ups of a busy proxy to one a second
NAMES_KEPT = 1.0
_given: dict[SocketAddress, RawSocket] = {}
_others: set[str] = set()   # paths of unix sockets whose files another process removes
_names: dict[tuple[str, int], tuple[float, list[SocketAddress]]] = {}


def place_of(address: Address) -> SocketAddress:
    """Return what to listen at; a name is looked up, in a greenlet and without holding up the loop.

    Raises:
        OSError: The name is not known.
    """
    if not address.host:    # all interfaces, in both families
        return socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET, ('', address.port)
    # a name that means both is listened on as IPv4: that is where the clients of 127.0.0.1 come
    return min(known(address) or resolve(address), key=lambda found: found[0] != socket.AF_INET)


def listen(place: SocketAddress, backlog: int, together: bool = False) -> RawSocket:
    """Open a listening socket, at once: what ``place_of`` gives has no name in it.

    Args:
        place: Where.
        backlog: Connections that the system holds before they are accepted.
        together: Other processes of this user listen there too, and the system shares the clients out.

    Raises:
        OSError: The address is in use or not allowed.
    """
    sock = _given.pop(place, None) or _bind(place, together)
    try:
        if _INHERITED and place[0] != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.listen(backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def give(sock: RawSocket) -> SocketAddress:
    """Let ``listen`` return a socket that was opened elsewhere, once, for the place that it listens at.

    Returns:
        The place.
    """
    sock.setblocking(False)
    place = sock.family, sock.getsockname()[:2]
    _given[place] = sock
    return place


def share(number: int, path: str) -> SocketAddress:
    """Let ``listen`` return a unix socket of another process, once, for its path; its file stays when it is closed here.

    Args:
        number: A descriptor of it, which is this process's own.
        path: The path.

    Returns:
        The place.
    """
    _others.add(path)
    place = socket.AF_UNIX, path
    _given[place] = of_descriptor(number)
    return place


def take_back(places: Iterable[SocketAddress]) -> None:
    """Close what ``listen`` was not asked for."""
    for place in places:
        sock = _given.pop(place, None)
        if sock is not None:
            sock.close()


def reserve(place: SocketAddress, together: bool = False) -> RawSocket:
    """Hold a place at which others will ``listen`` together; no client is accepted here.

    Args:
        place: Where; not the path of a unix socket.
        together: They may do so already.

    Raises:
        OSError: The address is in use or not allowed.
    """
    sock = _bind(place, together)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)      # not before: a stranger's place is none to share
    return sock


def pair() -> tuple[RawSocket, RawSocket]:
    """Make two sockets that are connected to each other, which wait."""
    return socket.socketpair()


def of_descriptor(number: int) -> RawSocket:
    """Make a socket of a descriptor, which is the socket's from then on."""
    return socket.socket(fileno=number)


def _bind(place: SocketAddress, together: bool = False) -> RawSocket:
    family, sockaddr = place
    if family == socket.AF_UNIX:
        _remove_stale(sockaddr)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if together:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if sockaddr[0] else 0)
        sock.bind(sockaddr)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _remove_stale(path: str) -> None:
    """Remove a unix socket that belongs to no process any more; one in use makes ``bind`` fail as it should.

    The probe is of another type than what may listen there: the system says whether there is something (EPROTOTYPE) or nothing
    (ECONNREFUSED), and does neither wait for room in its backlog nor hand it a client.
    """
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)


def try_to_listen(place: SocketAddress, together: bool = False) -> None:
    """Find out whether a place can be listened at. Nothing listens there meanwhile: a client is refused, and not lost.

    Args:
        place, together: As for ``listen``.

    Raises:
        OSError: As for ``listen``.
    """
    if place in _given:
        return
    with _bind(place, together) as sock:
        address = bound_address(sock)
        file = file_of(address)
    remove_file(address, file)


def at_port(place: SocketAddress, port: int | None) -> SocketAddress:
    """Return a place with another port; None: it has none, as it is a path."""
    family, sockaddr = place
    return place if port is None else (family, (sockaddr[0], port, *sockaddr[2:]))


def bound_address(sock: RawSocket) -> Address:
    """Return the address that a listening socket is really bound to."""
    name = sock.getsockname()
    return Address(name, None) if sock.family == socket.AF_UNIX else Address(name[0], name[1])


def file_of(address: Address) -> os.stat_result | None:
    """Return what tells the file of a unix socket from another one at its path; None: it has none."""
    with contextlib.suppress(OSError):
        return os.stat(address.host) if address.unix and address.host not in _others else None
    return None


def remove_file(address: Address, file: os.stat_result | None) -> None:
    """Remove the file of a unix socket that is not listened on any more, unless another one has come to its path."""
    there = file_of(address)
    if file is not None and there is not None and os.path.samestat(file, there):
        with contextlib.suppress(OSError):
            os.unlink(address.host)


def accept(listener: RawSocket) -> tuple[RawSocket, str] | None:
    """Accept one connection; None when no client waits.

    Returns:
        The socket and the peer's address as text.

    Raises:
        OSError: Such as running out of file descriptors.
    """
    try:
        fd, peer = listener._accept()
    except (BlockingIOError, ConnectionAbortedError):
        return None
    # the peer's address tells the family at no cost; ``listener.family`` makes an enum of it each time
    if type(peer) is not tuple:
        family, name = socket.AF_UNIX, 'unix:'
    elif len(peer) == 2:
        family, name = socket.AF_INET, f'{peer[0]}:{peer[1]}'
    else:
        family, name = socket.AF_INET6, join(peer[0], peer[1])
    sock = socket.SocketType(family, socket.SOCK_STREAM, 0, fd)
    sock.setblocking(False)
    if not _INHERITED and family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock, name


def open_socket(family: int) -> RawSocket:
    """Make a socket to connect with.

    Raises:
        OSError: Such as running out of file descriptors.
    """
    sock = socket.SocketType(family, _TO_CONNECT, 0)
    if not _NEVER_WAITS:
        sock.setblocking(False)
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connect_error(sock: RawSocket) -> int:
    """Return the error number that a connect in progress has ended with; 0: it is connected."""
    return int(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def is_own_peer(sock: RawSocket, port: int | None) -> bool:
    """Return whether a socket that was connected to a port is connected to itself.

    So TCP does where nothing listens at a port, and the system picks this very port for the socket that is to be connected to it.
    """
    if port is None:
        return False
    try:
        own = sock.getsockname()
        return bool(own[1] == port and own[:2] == sock.getpeername()[:2])
    except OSError:     # the peer may be gone already
        return False


def leads_to(sock: RawSocket, accepted: RawSocket) -> bool:
    """Return whether a socket is connected to the very address at which another one was accepted."""
    try:
        return bool(sock.family == accepted.family and sock.getpeername() == accepted.getsockname())
    except OSError:     # the peer may be gone already
        return False


def refuse(sock: RawSocket) -> None:
    """Close a connection with RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()


def healthy(sock: RawSocket) -> bool:
    """Return whether an idle connection is still open and silent."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def known(address: Address) -> list[SocketAddress] | None:
    """Return what an address means where no name has to be looked up; None where one has."""
    told = _told(address)
    if told is not None:
        return [told]
    kept = _names.get((address.host, address.port or 0))
    return kept[1] if kept and kept[0] > time.monotonic() else None


@lru_cache      # it is asked for each connection to the backend
def _told(address: Address) -> SocketAddress | None:
    """Return what an address says by itself; None: it is a name."""
    if address.unix:
        return socket.AF_UNIX, address.host
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, address.host or '127.0.0.1')
            return family, (address.host or '127.0.0.1', address.port)
    return None


@contextlib.contextmanager
def _names_only(host: str) -> Iterator[None]:
    """Refuse a text that can be no name (an empty label, or too long a one) as the system refuses an unknown name."""
    try:
        host.encode('idna')     # here and not in gevent's thread, which prints a traceback
        yield
    except UnicodeError as error:
        raise OSError(errno.EINVAL, f'it is not a name: {error}') from None


def resolve(address: Address) -> list[SocketAddress]:
    """Look an address up in a greenlet, without holding up the loop; it is remembered for ``NAMES_KEPT`` seconds.

    Raises:
        OSError: The name is not known.
    """
    hub = get_hub()
    with _names_only(address.host):
        found = hub.resolver.getaddrinfo(address.host, address.port or 0, 0, socket.SOCK_STREAM)
    result, now = [(info[0], info[4]) for info in found], time.monotonic()
    for name in [name for name, (until, _) in _names.items() if until <= now]:
        del _names[name]    # clients of the control server may make up any number of them
    _names[address.host, address.port or 0] = now + NAMES_KEPT, result
    return result
