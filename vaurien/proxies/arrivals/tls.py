"""A client of a proxy that speaks TLS on a side, from its first byte to its session: what is said before is said here.

The ClientHello is read first; then the backend is connected, asked for the same name and the same protocols; and then the client
is told what the backend has chosen. All of it within the proxy's ``timeout``. Where TLS is relayed, and a failure of its
handshake was named, the ClientHello is looked for while the two sides wait for each other.

Knows of its proxy what ``TlsHost`` names.
"""
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from gevent import get_hub

from ...address import Address
from ...errors import BackendError
from ...net import sockets
from ...net.connect import Connecting
from ...net.loop import PLUGIN_ERRORS, READABLE, release
from ...net.sockets import RawSocket
from ...net.stream import Stream
from ...net.tls.channel import Channel, explain, flight_of
from ...net.tls.farewell import Farewell, HandshakeFails
from ...net.tls.handshake import READ, Handshake
from ...net.tls.hello import ClientHello, HelloReader, NoHelloError
from ...net.tls.late import Begins, LateTlsStream
from ...net.tls.stream import TlsStream, pair
from ...net.tls.terms import Terms
from ...protocols.tls_kinds import CERTIFICATE_KINDS, ENDING_KINDS, LATE_CLOSE
from ...relay.recording.session import RecordedStream
from ...relay.recording.tls import RecordedLateStream, RecordedTlsStream
from .greeting import Greeting

Done = Callable[[RawSocket | None, BackendError | None], None]
NOWHERE = Address('', None)
RELAYED = Terms(None, None, NOWHERE, NOWHERE, '', ())   #: neither side is ended


class TlsHost(Protocol):
    """What an arrival asks for."""

    @property
    def recorded(self) -> bool: ...
    def greeting(self, arrival: 'TlsArrival') -> Greeting | None: ...
    def greeted(self, arrival: 'TlsArrival') -> None: ...
    def decided(self, arrival: 'TlsArrival', accepted: bool) -> None: ...
    def connect(self, number: int, done: Done) -> Connecting | None: ...
    def met(self, arrival: 'TlsArrival', client: Stream, backend: Stream) -> None: ...
    def broken(self, arrival: 'TlsArrival') -> None: ...
    def client_failed(self, arrival: 'TlsArrival', reason: str) -> None: ...
    def backend_failed(self, arrival: 'TlsArrival', error: BackendError) -> None: ...


class TlsArrival:
    """A client on its way to a session.

    Args:
        host: Is told what comes of it.
        terms: What is done on either side; None: TLS is relayed, and a failure of its handshake was named.
        number: The session's.
        client: The client's socket.
        peer: The client's address as text.
        address: The backend.
        timeout: [seconds] for all of it; 0: no limit.

    Attributes:
        hello: What the client has asked for; an empty one where it speaks without TLS.
        fails: The failure of the handshake that was drawn, or planned; None: none was.
        started: When it came, or began TLS later, by the monotonic clock [s].
    """

    __slots__ = ('host', 'terms', 'number', 'client', 'peer', 'address', 'timeout', 'hello', 'fails', 'started', '_backend',
                 '_reader', '_backend_reader', '_timer', '_hello', '_connecting', '_handshake', '_backend_channel', '_at',
                 '_farewell')

    def __init__(self, host: TlsHost, terms: Terms | None, number: int, client: RawSocket, peer: str, address: Address,
                 timeout: float) -> None:
        self.host, self.terms, self.number, self.client, self.peer = host, terms or RELAYED, number, client, peer
        self.address, self.timeout, self.hello = address, timeout, ClientHello()
        self._backend: RawSocket | None = None
        self._reader: Any = None
        self._timer: Any = None
        self._hello = HelloReader()
        self._connecting: Connecting | None = None
        self._handshake: Handshake | None = None
        self._backend_channel: Channel | None = None
        self._at = 'client'     # who is waited for
        self.fails: Greeting | None = None
        self.started = monotonic()
        self._backend_reader: Any = None
        self._farewell: Farewell | None = None

    def start(self) -> None:
        """Begin."""
        if self.timeout:
            self._timer = get_hub().loop.timer(self.timeout)
            self._timer.start(self._on_timeout)
        if not self.terms.at_once[0]:
            self._connect()
        else:
            self._read_hello()

    @property
    def sent(self) -> int:
        """The bytes that the client has sent, as far as they were read here."""
        return len(self._hello.data) + (0 if self._farewell is None else self._farewell.received)

    @property
    def silent(self) -> bool:
        """Whether the client waits for an answer that was made not to come."""
        return self._farewell is not None and self._farewell.silent

    # -- the ClientHello

    def _read_hello(self) -> None:
        self._reader = get_hub().loop.io(self.client.fileno(), READABLE)
        self._reader.start(self._on_readable)

    def _look_for_hello(self) -> None:
        """Read what the client says first, if the backend does not say anything before it: then there is no handshake here."""
        self._timer = release(self._timer)      # a client may be silent as long as it likes
        self._read_hello()
        assert self._backend is not None
        self._backend_reader = get_hub().loop.io(self._backend.fileno(), READABLE)
        self._backend_reader.start(self._meet, None)

    def _on_readable(self) -> None:
        try:
            data = self.client.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._client_failed(explain(error))
            return
        if not data:
            self._without_hello(lambda: self._client_failed('it has left'))
            return
        try:
            hello = self._hello.feed(data)
        except NoHelloError:    # it is answered as any server answers it, and the backend is left in peace
            self._reader = release(self._reader)
            self._without_hello(lambda: self._greet_client(None))
            return
        if hello is not None:
            self.hello, self._reader = hello, release(self._reader)
            self._asked()

    def _without_hello(self, otherwise: Callable[[], None]) -> None:
        """Go on with a client that does not speak TLS: relay it, or do what is done otherwise."""
        if self.terms is RELAYED:
            self._meet(None)
        else:
            otherwise()

    def _asked(self) -> None:
        """Go on after the ClientHello, or let the handshake fail."""
        try:
            self._draw()
        except PLUGIN_ERRORS:
            self.host.broken(self)

    def _draw(self) -> None:
        self.fails = self.host.greeting(self)
        if self.fails is not None and self.fails.kind not in ENDING_KINDS:
            self.fails.apply()
            self._fail(self.fails.failure.reply, self.fails.failure.end)
        elif self.terms is RELAYED:
            self._meet(None)
        else:
            self._connect()

    # -- the backend

    def _connect(self) -> None:
        self._at = 'backend'
        self._connecting = self.host.connect(self.number, self._connected)

    def _connected(self, backend: RawSocket | None, error: BackendError | None) -> None:
        self._connecting = None
        if backend is None:
            self._backend_failed(error or BackendError(self.address, 'it is not known why'))
            return
        self._backend = backend
        if self.terms is RELAYED:
            self._look_for_hello()
            return
        if not self.terms.at_once[1]:
            self._backend_agreed(None)
            return
        try:
            self._backend_channel = self.terms.to_backend(self.hello)
        except ValueError as wrong:     # a name that cannot be asked for
            self._backend_failed(BackendError(self.address, f'TLS: {wrong}'))
            return
        self._handshake = Handshake(backend, self._backend_channel, self._backend_agreed)
        self._handshake.start()

    def _backend_agreed(self, error: Exception | None) -> None:
        self._handshake = None
        if error is not None:
            self._backend_failed(BackendError(self.address, f'TLS handshake: {explain(error)}'))
        elif not self.terms.at_once[0]:
            self._meet(None)
        else:
            channel = self._backend_channel
            self._greet_client(None if channel is None else channel.tls.selected_alpn_protocol())

    # -- the client

    def _greet_client(self, alpn: str | None) -> None:
        self._at = 'client'
        kind = '' if self.fails is None else self.fails.apply()
        channel = self.terms.to_client(self.hello, alpn, kind if kind in CERTIFICATE_KINDS else '')
        if kind == LATE_CLOSE:
            if flight := flight_of(channel, bytes(self._hello.data)):
                self._fail(flight, 'close')
                return
            channel = self.terms.to_client(self.hello, alpn)

        def agreed(error: Exception | None) -> None:
            self._handshake = None
            if error is None and kind == LATE_CLOSE:
                self._fail(b'', 'close')
            elif error is None and self._backend is not None:
                self._meet(channel)
            else:
                self._client_failed(explain(error) if error is not None else 'it has sent no ClientHello')
        self._handshake = Handshake(self.client, channel, agreed)
        self._handshake.start(bytes(self._hello.data))

    def _meet(self, channel: Channel | None) -> None:
        self._release()
        backend, self._backend = self._backend, None
        assert backend is not None
        client_stream = self._stream(self.client, channel, server_side=True)
        backend_stream = self._stream(backend, self._backend_channel, server_side=False)
        if self.terms is RELAYED and self._hello.data:      # what was looked at is still to be passed on
            client_stream.received = len(self._hello.data)
            client_stream.unread(bytes(self._hello.data))
        pair(client_stream, backend_stream)
        self.host.met(self, client_stream, backend_stream)

    def _stream(self, sock: RawSocket, channel: Channel | None, server_side: bool) -> Stream:
        """Make the stream of one side: inside TLS, in the clear, or one on which TLS begins later."""
        plain, inside, later = (RecordedStream, RecordedTlsStream, RecordedLateStream) if self.host.recorded \
            else (Stream, TlsStream, LateTlsStream)
        starttls = self.terms.starttls
        if channel is not None:
            return inside(sock, self.timeout, channel)
        if starttls is None or not starttls[not server_side]:
            return plain(sock, self.timeout)
        return later(sock, self.timeout, Begins(
            self._late_channel if server_side else self.terms.to_backend, server_side,
            self._late_client_failed if server_side else self._late_backend_failed, None if server_side else starttls.switch(),
            self._late_client_begun if server_side else None))

    def _late_channel(self, hello: ClientHello) -> Channel:
        """Make the side towards a client of which the session wants it now, or let its handshake fail."""
        self.hello, self.started = hello, monotonic()
        self.fails = fails = self.host.greeting(self)
        kind = '' if fails is None else fails.apply()
        if fails is None or kind in CERTIFICATE_KINDS:
            return self.terms.to_late_client(hello, kind)
        channel = self.terms.to_late_client(hello) if kind == LATE_CLOSE else None
        raise HandshakeFails(fails.failure.reply, fails.failure.end or 'close', channel)

    def _late_client_failed(self, reason: str) -> None:
        if self.fails is None:
            self.host.client_failed(self, reason)
        else:
            self.host.decided(self, accepted=False)

    def _late_client_begun(self) -> None:
        if self.fails is not None:
            self.host.decided(self, accepted=True)

    def _late_backend_failed(self, reason: str) -> None:
        self.host.backend_failed(self, BackendError(self.address, f'TLS: {reason}'))

    # -- what goes wrong

    def _on_timeout(self) -> None:
        reason = f'no TLS handshake within {self.timeout:g} s'
        if self._at == 'client':
            self._client_failed(reason, reset=True)
        else:
            self._backend_failed(BackendError(self.address, reason))

    def _fail(self, reply: bytes, end: str) -> None:
        """Say something to the client, and end its connection; the backend's ends at once, with FIN."""
        if self._backend is not None:
            self._backend.close()
            self._backend = None
        self._end()
        self._farewell = Farewell(self.client, self._over)
        self._farewell.start(reply, end)

    def _over(self, reset: bool) -> None:
        if reset:
            sockets.refuse(self.client)
        else:
            self.client.close()
        self.host.greeted(self)

    def _client_failed(self, reason: str, reset: bool = False) -> None:
        """End both connections; the client's with FIN, so that it reads the alert that was sent to it."""
        if reset or self.terms is RELAYED:
            sockets.refuse(self.client)
        else:
            self.client.close()
        self._end()
        if self.fails is not None or self.terms is RELAYED:
            self.host.greeted(self)
        else:
            self.host.client_failed(self, reason)

    def _backend_failed(self, error: BackendError) -> None:
        sockets.refuse(self.client)
        self._end()
        if self.fails is not None:
            self.fails.miss(str(error))
        self.host.backend_failed(self, error)

    def abort(self) -> None:
        """Reset both connections, and tell nobody but of a handshake that was made to fail."""
        if self._farewell is not None:
            self._farewell.cancel()
        sockets.refuse(self.client)
        self._end()
        if self.fails is not None and self.fails.applied:
            self.host.greeted(self)

    def _end(self) -> None:
        self._release()
        if self._backend is not None:
            sockets.refuse(self._backend)
            self._backend = None

    def _release(self) -> None:
        self._reader, self._timer = release(self._reader), release(self._timer)
        self._backend_reader = release(self._backend_reader)
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None
