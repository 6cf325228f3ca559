"""Connecting to a backend from the event loop: no greenlet where no name is looked up. Knows no proxy and no session."""
import errno
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gevent import get_hub, spawn

from ..address import Address
from ..errors import BackendError
from .loop import WRITABLE, release
from .sockets import RawSocket, SocketAddress, connect_error, is_own_peer, known, open_socket, refuse, resolve

#: [seconds] between two tries while the backlog of a unix socket is full; the kernel tells no better
UNIX_RETRY = 0.01
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY)


class Begun(NamedTuple):
    """What one connect has come to so far.

    Args:
        sock: The socket.
        code: The number of the system's error; 0: it is connected.
        found: Where it is to be connected to, and what is tried after that.
    """

    sock: RawSocket
    code: int
    found: Sequence[SocketAddress]


def at_once(address: Address) -> tuple[RawSocket | None, Begun | None]:
    """Connect as far as nothing has to be waited for, which on one machine is all the way.

    Args:
        address: The backend.

    Returns:
        The connected socket, or else None and what ``Connecting`` goes on from; that is None where it begins from the beginning.
    """
    found = known(address)
    if not found:
        return None, None
    try:
        sock, code = _begun(*found[0])
    except OSError:
        return None, None
    if code == 0 and not is_own_peer(sock, address.port):
        return sock, None
    return None, Begun(sock, code, found)


def _begun(family: int, sockaddr: Any) -> tuple[RawSocket, int]:
    """Begin to connect a new socket.

    Returns:
        It, and the number of the system's error; 0: it is connected.

    Raises:
        OSError: There is none to be had, or the address is none.
    """
    sock = open_socket(family)
    try:
        code = sock.connect_ex(sockaddr)
        if code in _IN_PROGRESS:    # on loopback it is done before the first call returns
            code = sock.connect_ex(sockaddr)
    except OSError:
        refuse(sock)
        raise
    return sock, 0 if code == errno.EISCONN else code


class Connecting:
    """One attempt to reach a backend, trying each of its addresses in turn.

    Args:
        address: The backend.
        timeout: Seconds for all of it; 0: as long as the system tries.
        done: Called once, perhaps before this returns, with the connected socket, or with None and why not.
        delay: Seconds to wait before anything is tried; they do not count for ``timeout``.
        begun: What ``at_once`` has begun, which belongs to this from now on; None: nothing.

    Attributes:
        ended: ``done`` has been called.
    """

    __slots__ = ('timeout', 'address', 'done', 'ended', '_sock', '_watcher', '_timer', '_left', '_greenlet')

    def __init__(self, address: Address, timeout: float, done: Callable[[RawSocket | None, BackendError | None], None],
                 delay: float = 0.0, begun: Begun | None = None) -> None:
        self.address, self.done, self.ended = address, done, False
        self._sock: RawSocket | None = None
        self._watcher: Any = None
        self._timer: Any = None
        self._greenlet: Any = None
        self._left: list[SocketAddress] = []
        self.timeout = timeout
        if delay:
            self._watcher = get_hub().loop.timer(delay)
            self._watcher.start(self._begin)
        else:
            self._begin(begun)

    def _begin(self, begun: Begun | None = None) -> None:
        self._drop()
        found, timeout = known(self.address) if begun is None else begun.found, self.timeout
        if found is not None:
            self._left = list(found)
            self._try_next(OSError(errno.EHOSTUNREACH, 'no address'), begun)
        else:
            self._greenlet = spawn(self._look_up)
        if timeout and (self._sock is not None or self._greenlet is not None):
            self._timer = get_hub().loop.timer(timeout)
            self._timer.start(self._end, None, TimeoutError(errno.ETIMEDOUT, f'no connection within {timeout:g} s'))

    def cancel(self) -> None:
        """Give up without calling back."""
        self.done = lambda sock, error: None
        self._end(None, OSError(errno.ECANCELED, 'cancelled'))

    def _look_up(self) -> None:
        try:
            self._left = list(resolve(self.address))
        except OSError as error:
            self._greenlet = None
            return self._end(None, error)
        self._greenlet = None
        self._try_next(OSError(errno.EHOSTUNREACH, 'no address'))
        return None

    def _try_next(self, error: OSError, begun: Begun | None = None) -> None:
        while self._left:
            family, sockaddr = self._left.pop(0)
            try:
                sock, code = _begun(family, sockaddr) if begun is None else begun[:2]
            except OSError as failed:
                error = failed
                continue
            self._sock, begun = sock, None
            if code in _IN_PROGRESS:
                return self._await(sock, family, sockaddr)
            code = self._outcome(code)
            if code == 0:
                return self._end(sock, None)
            error = OSError(code, os.strerror(code))
            self._drop()
        self._end(None, error)
        return None

    def _outcome(self, code: int) -> int:
        """Return what a connect that has ended with a number comes to: connected to itself is as good as refused."""
        return errno.ECONNREFUSED if code == 0 and is_own_peer(self._sock, self.address.port) else code

    def _await(self, sock: RawSocket, family: int, sockaddr: Any) -> None:
        loop = get_hub().loop
        if isinstance(sockaddr, str):
            self._watcher = loop.timer(UNIX_RETRY)
            self._left.insert(0, (family, sockaddr))
            self._watcher.start(self._on_writable, errno.EAGAIN)
        else:
            self._watcher = loop.io(sock.fileno(), WRITABLE)
            self._watcher.start(self._on_writable, None)

    def _on_writable(self, code: int | None) -> None:
        code = self._outcome(connect_error(self._sock)) if code is None else code
        if code == 0:
            self._end(self._sock, None)
        else:
            self._drop()
            self._try_next(OSError(code, os.strerror(code)))

    def _drop(self) -> None:
        """Close what is at hand: watchers first, then the socket, which must not keep the backend's port where it has that."""
        self._watcher = release(self._watcher)
        if self._sock is not None:
            refuse(self._sock)
            self._sock = None

    def _end(self, sock: RawSocket | None, error: OSError | None) -> None:
        self.ended = True
        if sock is not None:
            self._sock = None
        self._drop()
        self._timer = release(self._timer)
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
            self._greenlet = None
        self.done(sock, None if error is None else BackendError(self.address, error.strerror or error, error.errno or 0))
