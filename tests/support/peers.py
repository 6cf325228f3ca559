"""The two ends of a conversation, on plain blocking sockets and threads. Knows no event loop and nothing of vaurien."""
import contextlib
import errno
import itertools
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .unit_of_time import PATIENCE

Address = tuple[str, int]
Handler = Callable[[socket.socket], object]
READ = 256 * 1024   #: [bytes] one read


class Backend:
    """A server whose every connection is handled by a function, in a thread of its own.

    The socket is closed when the handler returns. What a handler raises is raised again at the end of the ``with``
    block, except that its client left: ``ConnectionError`` is a backend's daily bread.

    Args:
        handler: Called with the connected socket; a wait of more than ``PATIENCE`` raises ``TimeoutError``.
        host: Where it listens: an IPv4 or IPv6 address, or with a slash in it the path of a Unix socket.

    Attributes:
        host: Where it listens.
        port: The port that the system has picked; 0 for a Unix socket.
        accepted: The connected sockets, in order; the closed ones too.
    """

    def __init__(self, handler: Handler, host: str = '127.0.0.1', port: int = 0) -> None:
        self.handler = handler
        self.accepted: list[socket.socket] = []
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._listener = listener(host, port)
        self.host, self.port = host, 0 if '/' in host else self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        """The address as vaurien's command line takes it."""
        if '/' in self.host:
            return f'unix:{self.host}'
        return f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'

    def __enter__(self) -> 'Backend':
        self._run(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(PATIENCE)
        if self._failures and kind is None:
            raise self._failures[0]

    def stop(self) -> None:
        """Stop listening, and cut what is connected."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)   # wakes accept()
        self._listener.close()
        for sock in list(self.accepted):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def wait_for(self, connections: int) -> None:
        """Wait until so many connections have been accepted.

        Raises:
            TimeoutError: They were not, within ``PATIENCE``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.accepted) >= connections, PATIENCE):
                raise TimeoutError(f'{len(self.accepted)} of {connections} connections were accepted')

    def _run(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE)
            with self._changed:
                self.accepted.append(sock)
                self._changed.notify_all()
            self._run(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            self.handler(sock)
        except ConnectionError:
            pass
        except BaseException as failure:  # noqa: BLE001 - raised again where the test can see it
            self._failures.append(failure)
        finally:
            sock.close()


def echo(sock: socket.socket) -> None:
    """Send back whatever comes, until it ends."""
    while data := sock.recv(READ):
        sock.sendall(data)


def sink(sock: socket.socket) -> None:
    """Read until the end, and answer nothing."""
    while sock.recv(READ):
        pass


def source(data: bytes) -> Handler:
    """Make a handler that sends ``data`` at once, ends its direction, and reads what there is."""
    def handler(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        sink(sock)
    return handler


def script(*turns: tuple[bytes, bytes]) -> Handler:
    """Make a handler that expects and answers, turn by turn, and then closes.

    Args:
        turns: (what has to come, what is answered); either may be empty.
    """
    def handler(sock: socket.socket) -> None:
        for expected, answer in turns:
            data = read_exactly(sock, len(expected))
            assert data == expected, f'the backend expected {expected!r} and got {data!r}'
            if answer:
                sock.sendall(answer)
    return handler


def echo_server(host: str = '127.0.0.1') -> Backend:
    """Make a backend that echoes."""
    return Backend(echo, host)


def listener(host: str, port: int = 0, backlog: int = 1024) -> socket.socket:
    """Return a socket that listens at the address; a host with a slash in it is the path of a Unix socket."""
    if '/' in host:
        sock = socket.socket(socket.AF_UNIX)
        address: Any = host
    else:
        sock = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
        address = host, port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def free_port(host: str = '127.0.0.1') -> int:
    """Return a port that nothing listens on; a client is refused there, and a server may take it.

    It lies below those that systems hand out by themselves, so it is not handed out meanwhile by chance.
    """
    while True:
        port = 10_000 + next(_steps) * 7_919 % 22_000
        with contextlib.suppress(OSError), listener(host, port=port):
            return port


#: Each process goes its own way through the ports, in strides: two that are started one after the other do not meet.
_steps = itertools.count(os.getpid() * 37)


def fate(port: int, host: str = '127.0.0.1') -> str:
    """Return how a connection ends that is ended at once: ``FIN``, or ``RST``, which connecting itself may meet."""
    try:
        with connect(port, host) as sock:
            return ending(sock)
    except ConnectionResetError:
        return 'RST'


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Give a port where a connection is neither accepted nor refused: its queue is full and nothing takes from it."""
    with contextlib.ExitStack() as stack:
        hole = stack.enter_context(listener('127.0.0.1', backlog=0))
        port = hole.getsockname()[1]
        while True:
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            if sock.connect_ex(('127.0.0.1', port)) not in (0, errno.EINPROGRESS):
                raise AssertionError('the queue refuses connections')
            if not writable(sock, 0.2):     # [s] a connection on this host is made at once, or not at all
                break
        yield port


def writable(sock: socket.socket, seconds: float) -> bool:
    """Return whether the socket becomes writable, that is connected, within so many seconds."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def connect(port: int, host: str = '127.0.0.1') -> socket.socket:
    """Connect; whatever is waited for longer than ``PATIENCE`` raises ``TimeoutError``."""
    return socket.create_connection((host, port), timeout=PATIENCE)


def read_exactly(sock: socket.socket, count: int) -> bytes:
    """Read so many bytes.

    Raises:
        EOFError: The stream ended before; the message shows what came.
    """
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(min(READ, count - len(data)))
        if not piece:
            raise EOFError(f'{len(data)} of {count} bytes came: {bytes(data[:200])!r}')
        data += piece
    return bytes(data)


def read_to_end(sock: socket.socket) -> bytes:
    """Read until the peer ends its direction.

    Raises:
        ConnectionResetError: It was reset.
    """
    return b''.join(iter(lambda: sock.recv(READ), b''))


def ask(sock: socket.socket, data: bytes, count: int | None = None) -> bytes:
    """Send ``data`` and read an answer of ``count`` bytes; None: of as many as were sent, as an echo has."""
    sock.sendall(data)
    return read_exactly(sock, len(data) if count is None else count)


def send_on(sock: socket.socket, data: bytes, times: int = 100_000) -> None:
    """Send something again and again, for much longer than anybody could keep it all."""
    for _ in range(times):
        sock.sendall(data)


def ending(sock: socket.socket) -> str:
    """Read to the end and say how it came: ``FIN`` or ``RST``."""
    try:
        read_to_end(sock)
    except ConnectionResetError:
        return 'RST'
    return 'FIN'


def reset(sock: socket.socket) -> None:
    """Close with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()
