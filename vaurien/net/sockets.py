"""Raw sockets: listening, accepting, connecting. Beside streams the only file that touches them; knows no stream."""
import contextlib
import errno
import os
import socket
import stat
import struct
import time
from collections.abc import Iterator
from typing import Any

from gevent import get_hub

from ..address import Address

RawSocket = Any     #: a ``socket.SocketType``, always non-blocking
SocketAddress = tuple[int, Any]     #: family and what ``connect`` takes
#: SO_LINGER with no time: closing sends RST
RESET = struct.pack('ii', 1, 0)
#: [seconds] that a resolved name is used again without asking; bounds the look-ups of a busy proxy to one a second
NAMES_KEPT = 1.0
_names: dict[tuple[str, int], tuple[float, list[SocketAddress]]] = {}


def listen(address: Address, backlog: int) -> RawSocket:
    """Open a listening socket. An empty host means all interfaces, IPv6 and IPv4.

    Raises:
        OSError: The address is in use, unknown or not allowed.
    """
    if address.unix:
        _remove_stale(address.host)
        return _bound(socket.AF_UNIX, address.host, backlog)
    if not address.host and socket.has_dualstack_ipv6():
        return _bound(socket.AF_INET6, ('::', address.port), backlog, dual=True)
    # a name that means both is listened on as IPv4: that is where the clients of 127.0.0.1 come
    family, sockaddr = min(resolve_now(address), key=lambda found: found[0] != socket.AF_INET)
    return _bound(family, sockaddr, backlog)


def _bound(family: int, sockaddr: Any, backlog: int, dual: bool = False) -> RawSocket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if dual else 1)
        sock.bind(sockaddr)
        sock.listen(backlog)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _remove_stale(path: str) -> None:
    """Remove a unix socket that no process listens on any more; one in use makes ``bind`` fail as it should."""
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)


def bound_address(sock: RawSocket) -> Address:
    """Return the address that a listening socket is really bound to."""
    name = sock.getsockname()
    return Address(name, None) if sock.family == socket.AF_UNIX else Address(name[0], name[1])


def remove_path(address: Address) -> None:
    """Remove the path of a unix socket that is not listened on any more."""
    if address.unix:
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
    sock = socket.SocketType(listener.family, socket.SOCK_STREAM, 0, fd)
    sock.setblocking(False)
    if listener.family == socket.AF_UNIX:
        return sock, 'unix:'
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock, str(Address(peer[0], peer[1]))


def open_socket(family: int) -> RawSocket:
    """Make a socket to connect with.

    Raises:
        OSError: Such as running out of file descriptors.
    """
    kind = socket.SOCK_STREAM | getattr(socket, 'SOCK_NONBLOCK', 0) | getattr(socket, 'SOCK_CLOEXEC', 0)
    sock = socket.SocketType(family, kind, 0)
    sock.setblocking(False)
    if family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connect_error(sock: RawSocket) -> int:
    """Return the error number that a connect in progress has ended with; 0: it is connected."""
    return int(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


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


def numeric(address: Address) -> list[SocketAddress] | None:
    """Return what to connect to where no name has to be looked up; None where one has."""
    if address.unix:
        return [(socket.AF_UNIX, address.host)]
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, address.host or '127.0.0.1')
            return [(family, (address.host or '127.0.0.1', address.port))]
    kept = _names.get((address.host, address.port or 0))
    return kept[1] if kept and kept[0] > time.monotonic() else None


@contextlib.contextmanager
def _names_only(host: str) -> Iterator[None]:
    """Refuse a text that can be no name (an empty label, or too long a one) as the system refuses an unknown name."""
    try:
        host.encode('idna')     # here and not in gevent's thread, which prints a traceback
        yield
    except UnicodeError as error:
        raise OSError(errno.EINVAL, f'it is not a name: {error}') from None


def resolve_now(address: Address) -> list[SocketAddress]:
    """Look an address up; this waits, in the loop too.

    Raises:
        OSError: The name is not known.
    """
    with _names_only(address.host):
        return [(info[0], info[4]) for info in
                socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM)]


def resolve(address: Address) -> list[SocketAddress]:
    """Look an address up in a greenlet, without holding up the loop; it is remembered for ``NAMES_KEPT`` seconds.

    Raises:
        OSError: The name is not known.
    """
    hub = get_hub()
    with _names_only(address.host):
        found = hub.resolver.getaddrinfo(address.host, address.port or 0, 0, socket.SOCK_STREAM)
    result = [(info[0], info[4]) for info in found]
    _names[address.host, address.port or 0] = time.monotonic() + NAMES_KEPT, result
    return result
