"""A client of a forward proxy, from its first byte to its session: what it asks for decides where it is connected to.

Where TLS is to be opened, what follows is as at any proxy that speaks TLS: ``tls`` does it. Knows of its proxy what
``ForwardHost`` names.
"""
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from gevent import get_hub

from ...address import Address
from ...errors import BackendError
from ...net import sockets
from ...net.connect import Connecting
from ...net.loop import READABLE, release
from ...net.sockets import RawSocket
from ...net.stream import Stream
from ...protocols.tls_kinds import ENDING_KINDS
from ...relay.recording.session import RecordedStream
from ...words.allowed import is_numeric
from ...words.hosts import HTTP, HTTPS, NamedHost, find_host, origin
from ..door.asked import Asked, Door, DoorRefusedError
from ..door.http import HttpDoor
from ..door.socks import VERSION, SocksDoor

if TYPE_CHECKING:
    from ..door.opening import Opening
    from .greeting import Greeting
    from .tls import TlsArrival

READ = 16 * 1024    #: [bytes] that are looked at at once
HANDSHAKE = 0x16    #: the first byte of TLS (RFC 8446 section 5.1); no request of HTTP begins with it
#: [seconds] that a client may take to leave that was refused; closing at once could turn what it still sends into a reset, which
#: drops what it has not read yet
LINGER = 2.0
Done = Callable[[RawSocket | None, BackendError | None], None]


class ForwardHost(Protocol):
    """What an arrival asks for."""

    @property
    def recorded(self) -> bool: ...
    def connect_asked(self, arrival: 'ForwardArrival', done: Done) -> Connecting | None: ...
    def entered(self, arrival: 'ForwardArrival', client: Stream, backend: Stream) -> None: ...
    def greeting(self, arrival: 'TlsArrival') -> 'Greeting | None': ...
    def decided(self, arrival: 'TlsArrival', accepted: bool) -> None: ...
    def greeted(self, arrival: 'TlsArrival', waits: 'ForwardArrival | None' = None) -> None: ...
    def broken(self, arrival: 'TlsArrival', waits: 'ForwardArrival | None' = None) -> None: ...
    def refused(self, arrival: 'ForwardArrival', why: object) -> None: ...


class ForwardArrival:
    """A client on its way to a session.

    Args:
        host: Is told what comes of it.
        opening: Which connections are opened, and with what.
        client: The client's socket.
        peer: The client's address as text.
        timeout: [seconds] for what it asks for, and then for each step further; 0: no limit.

    Attributes:
        number: The session's; ``host`` gives it when it connects.
        address: Where it is connected to.
        entry: What of ``opening`` means it; None: it is tunnelled unread.
        origin: What stands before the path in the names of its requests.
    """

    __slots__ = ('host', 'opening', 'number', 'client', 'peer', 'timeout', 'address', 'entry', 'origin', '_door', '_asked',
                 '_why', '_reader', '_timer', '_connecting', '_backend', '_greeting')

    def __init__(self, host: ForwardHost, opening: 'Opening', client: RawSocket, peer: str, timeout: float) -> None:
        self.host, self.opening, self.client, self.peer, self.timeout = host, opening, client, peer, timeout
        self.number, self.address, self.origin = 0, Address('', 0), ''
        self.entry: NamedHost | None = None
        self._door: Door | None = None
        self._asked: Asked | None = None
        self._why: object = ''
        self._reader: Any = None
        self._timer: Any = None
        self._connecting: Connecting | None = None
        self._backend: RawSocket | None = None
        self._greeting: TlsArrival | None = None

    def start(self) -> None:
        """Begin."""
        self._read_with(self._on_request, 'it has asked for nothing')

    def _read_with(self, callback: Callable[[], None], otherwise: str) -> None:
        """Wait for the client, but not longer than its time."""
        loop = get_hub().loop
        if self._reader is None:
            self._reader = loop.io(self.client.fileno(), READABLE)
        self._reader.start(callback)
        if self.timeout:
            self._timer = release(self._timer) or loop.timer(self.timeout)
            self._timer.start(self._leave, f'{otherwise} within {self.timeout:g} s')

    def _look(self, size: int) -> bytes | None:
        """Return what the client has sent, and leave it there; None: it has sent nothing, and has left if so."""
        try:
            data: bytes = self.client.recv(size, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:     # it was reset
            self._leave('')
            return None
        if not data:
            self._leave('')
            return None
        return data

    # -- what it asks for

    def _on_request(self) -> None:
        data = self._look(READ)
        if data is None:
            return
        if self._door is None:
            self._door = SocksDoor() if data[0] == VERSION else HttpDoor()
        door = self._door
        try:
            used = door.take(data)
        except DoorRefusedError as error:
            self._refuse(door.reply + error.reply, error.reason)
            return
        self.client.recv(used)      # what comes after it is left to the next reader
        if not self._say(door.reply):
            return
        if door.asked is not None:
            self._connect(door.asked)

    def _say(self, data: bytes) -> bool:
        """Send a few bytes, and return whether the client has been able to take them."""
        try:
            sent = self.client.send(data) if data else 0
        except OSError:     # it has left, or takes none of so little
            self._leave('')
            return False
        if sent < len(data):
            self._leave('')
        return sent == len(data)

    # -- where it is connected to

    def _connect(self, asked: Asked) -> None:
        self._reader, self._timer = release(self._reader), release(self._timer)
        self._asked, port = asked, asked.address.port or 0
        self.entry = find_host(self.opening.hosts, asked.address.host, port)
        self.address = asked.address if self.entry is None else self.entry.backend(asked.address)
        if asked.scheme:
            self.origin = origin(asked.scheme, asked.address.host, port)
        self._connecting = self.host.connect_asked(self, self._connected)

    def _connected(self, backend: RawSocket | None, error: BackendError | None) -> None:
        self._connecting = None
        assert self._door is not None
        assert self._asked is not None
        if backend is not None and sockets.leads_to(backend, self.client):
            sockets.refuse(backend)
            backend, error = None, BackendError(self.address, 'it is this proxy itself', errno.ELOOP)
        if backend is None:
            error = error or BackendError(self.address, 'it is not known why')
            self._refuse(self._door.failed(error.code, str(error)), error)
            return
        self._backend = backend
        if self._asked.head:
            self._open(self._asked.scheme)
        elif self._say(self._door.accepted()):
            if self.entry is None:
                self._enter(Stream(self.client, self.timeout), Stream(self._take_backend(), self.timeout))
            else:
                self._read_with(self._on_first_byte, 'it has sent nothing')

    def _on_first_byte(self) -> None:
        """Find out what the client speaks inside its tunnel."""
        data = self._look(1)
        if data is not None:
            assert self._asked is not None
            scheme, address = HTTPS if data[0] == HANDSHAKE else HTTP, self._asked.address
            self.origin = origin(scheme, address.host, address.port or 0)
            self._open(scheme, scheme == HTTPS)

    # -- what is spoken with either side

    def _open(self, scheme: str, tls: bool = False) -> None:
        """Begin what is spoken.

        Args:
            scheme: What the client wants to be spoken with the server.
            tls: Whether the client speaks TLS.
        """
        self._reader, self._timer = release(self._reader), release(self._timer)
        to_backend = (self.entry.to_scheme if self.entry else '') or scheme
        if not tls and to_backend == HTTP:
            stream = RecordedStream if self.recorded else Stream
            self._enter(stream(self.client, self.timeout), stream(self._take_backend(), self.timeout))
            return
        from .tls import TlsArrival  # it is slow to import
        assert self._asked is not None
        name, terms = self._asked.address.host, self.opening.terms
        terms = terms._replace(client=terms.client if tls else None, backend=terms.backend if to_backend == HTTPS else None,
                               address=self.address, name=terms.name or ('' if is_numeric(name) else name), asked=name)
        self._greeting = TlsArrival(self, terms, self.number, self.client, self.peer, self.address, self.timeout)
        self._greeting.start()

    def _take_backend(self) -> RawSocket:
        backend, self._backend = self._backend, None
        assert backend is not None
        return backend

    def _enter(self, client: Stream, backend: Stream) -> None:
        self._end()
        head = self._asked.head if self._asked is not None else b''
        if head:
            client.received += len(head)
            client.unread(head)
        self.host.entered(self, client, backend)

    @property
    def single(self) -> bool:
        """Whether it is connected for one request, as the next one may be for another server."""
        return self._asked is not None and bool(self._asked.scheme)

    @property
    def silent(self) -> bool:
        """Whether the client waits for an answer that was made not to come."""
        return self._greeting is not None and self._greeting.silent

    # -- what ``TlsArrival`` asks for

    @property
    def recorded(self) -> bool:
        """Whether its session is recorded."""
        return self.entry is not None and self.host.recorded

    def connect(self, number: int, done: Done) -> Connecting | None:
        """Hand over the backend, which is connected."""
        done(self._take_backend(), None)
        return None

    def met(self, arrival: 'TlsArrival', client: Stream, backend: Stream) -> None:
        """Begin the session."""
        self._enter(client, backend)
        self.host.decided(arrival, accepted=True)

    def greeting(self, arrival: 'TlsArrival') -> 'Greeting | None':
        """Draw for the client's handshake; None: it goes on as it would."""
        greeting = self.host.greeting(arrival)
        if greeting is not None and greeting.kind not in ENDING_KINDS and self._backend is not None:
            self._backend.close()   # nothing is asked of it
            self._backend = None
        return greeting

    def greeted(self, arrival: 'TlsArrival') -> None:
        """Tell of a handshake that was made to fail."""
        self._end()
        self.host.greeted(arrival, self)

    def decided(self, arrival: 'TlsArrival', accepted: bool) -> None:
        """Tell of a handshake in the midst of a session, which HTTP has not."""
        self.host.decided(arrival, accepted)

    def broken(self, arrival: 'TlsArrival') -> None:
        """Reset a client where a plugin raises."""
        self.host.broken(arrival, self)

    def client_failed(self, arrival: 'TlsArrival', reason: str) -> None:
        """Tell of a client with which there is no TLS."""
        self._gone(f'no TLS: {reason}')

    def backend_failed(self, arrival: 'TlsArrival', error: BackendError) -> None:
        """Tell of a backend with which there is no TLS."""
        self._gone(error)

    # -- how it ends

    def _refuse(self, reply: bytes, why: object) -> None:
        """Tell the client why it does not get what it asks for, and give it a while to leave."""
        try:
            self.client.send(reply)
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            self._leave(why)
            return
        self._read_with(self._on_rest, '')
        self._timer = release(self._timer) or get_hub().loop.timer(LINGER)
        self._timer.start(self._leave, why)
        self._why = why

    def _on_rest(self) -> None:
        """Read and drop what a client still sends that was refused, until it leaves."""
        try:
            if self.client.recv(READ):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._leave(self._why)

    def _leave(self, why: object) -> None:
        """End both connections.

        Args:
            why: It was refused, or is waited for no longer; empty: it has left.
        """
        self.client.close()
        self._gone(why)

    def _gone(self, why: object) -> None:
        self._end()
        self.host.refused(self, why)

    def abort(self) -> None:
        """Reset both connections, and tell nobody."""
        if self._greeting is not None:
            self._greeting.abort()
        sockets.refuse(self.client)
        self._end()

    def _end(self) -> None:
        self._reader, self._timer = release(self._reader), release(self._timer)
        self._greeting = None
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._backend is not None:
            sockets.refuse(self._backend)
            self._backend = None
