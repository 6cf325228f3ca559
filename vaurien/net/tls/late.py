"""A stream that begins in the clear and may go on inside TLS; lanes and toxics cannot tell it from any other.

What is said until then is another's: a switch towards the backend, or the lanes themselves, which then call ``start_tls``. From
there on nothing that has come in the clear is read as if it had come inside TLS.
"""
import errno
import ssl
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from gevent import get_hub

from ..loop import READABLE, release
from ..stream import Stream
from .channel import Alteration, Channel, Switch, explain
from .farewell import Farewell, HandshakeFails
from .handshake import Handshake
from .hello import ClientHello, HelloReader, NoHelloError
from .stream import _RAW, _RAW_VIEW, TlsStream


class Phase(Enum):
    """How far a connection has come."""

    CLEAR = 'bytes pass as they are'
    SWITCHING = 'a switch speaks to the peer, and what is written waits'
    HELLO = 'the ClientHello is awaited'
    SHAKING = 'the handshake'
    INSIDE = 'inside TLS'
    FAILED = 'there will be no TLS'


#: [bytes] that are held for a switch that has not said anything yet: it may need all of a message, which comes in pieces
MAX_HELD = 128 * 1024
WAITING = frozenset((Phase.SWITCHING, Phase.HELLO, Phase.SHAKING))


class Begins(NamedTuple):
    """What a stream needs to begin TLS with.

    Args:
        channel: Makes the side of the TLS connection: of the proxy's clients by what they ask for, of the backend by what its
            client has asked for; that of a client may raise ``HandshakeFails``.
        server_side: The peer is a client.
        failed: Told why there is no TLS.
        switch: Speaks to the peer first; None: the lanes do.
        begun: Told that there is TLS; None: nobody is.
    """

    channel: Callable[[ClientHello], Channel]
    server_side: bool
    failed: Callable[[str], None]
    switch: Switch | None = None
    begun: Callable[[], None] | None = None


class LateTlsStream(TlsStream):
    """A connected socket on which TLS may begin.

    Args:
        sock: The raw socket; it belongs to the stream from now on.
        timeout: As for ``Stream``; the time that the switch and the handshake may take, too.
        begins: What it begins TLS with.

    Attributes:
        hello: What the client has asked for; of the backend's stream, what is to be asked for.
        on_end: Called when TLS has begun, with None, or has failed, with the error; the session sets it.
    """

    __slots__ = ('hello', 'on_end', '_begins', '_phase', '_switch', '_alteration', '_hello', '_watcher', '_limit', '_shake',
                 '_held', '_clear_left', '_finishes')

    late = True

    def __init__(self, sock: Any, timeout: float, begins: Begins) -> None:
        super().__init__(sock, timeout, NOT_YET)
        self.hello = ClientHello()
        self.on_end: Callable[[OSError | None], None] | None = None
        self._begins, self._switch = begins, begins.switch
        self._alteration: Alteration | None = None
        self._phase = Phase.CLEAR if begins.switch is None else Phase.SWITCHING
        self._recv_into = self._recv_raw if begins.switch is None else self._receive
        self._hello: HelloReader | None = None
        self._watcher: Any = None
        self._limit: Any = None
        self._shake: Handshake | Farewell | None = None
        self._held: list[bytes] = []
        self._clear_left = 0
        self._finishes = False

    # -- what the switch says

    def _receive(self, buffer: Any, size: int) -> int:
        """Do what a socket's ``recv_into`` does, as long as a switch speaks to the peer, and before TLS has begun."""
        self.check()    # it has failed
        if self._switch is None or self._phase is not Phase.SWITCHING:
            raise BlockingIOError(errno.EAGAIN, 'TLS has not begun')
        received = self._recv_raw(_RAW)
        if not received and (self._finishes or self._limit is None):
            return 0    # nothing has been asked of it, or its client has left
        if not received:
            self._fail('it has closed the connection')
            self.check()
        data = self._switched(self._switch.received, bytes(_RAW_VIEW[:received]))
        self.check()
        if not data:
            raise BlockingIOError(errno.EAGAIN, 'the switch has taken it')
        count = min(size, len(data))
        buffer[:count] = data[:count]
        if len(data) > count:
            self.received += len(data) - count
            self._unread += data[count:]
        return count

    def _switched(self, call: Callable[[bytes], bytes | None], data: bytes) -> bytes:
        """Let the switch see bytes, and do what it wants done."""
        switch = self._switch
        assert switch is not None
        try:
            passed = call(data) or b''
        except ValueError as error:
            self._fail(str(error))
            return b''
        out, switch.out = switch.out, b''
        if out:
            self._begin_limit()
            try:
                if self._send(out) != len(out):
                    self._fail('it takes nothing')
            except OSError as error:
                self._fail(explain(error))
        if self._phase is Phase.SWITCHING and switch.begins:
            self._greet(b'')
        elif self._phase is Phase.SWITCHING and switch.over:
            self._phase, self._recv_into = Phase.CLEAR, self._recv_raw
            self._let_go()
        return passed

    # -- the handshake

    def start_tls(self, data: bytes = b'', alteration: Alteration | None = None) -> None:
        """Go on with TLS towards a client.

        Args:
            data: What has been read already and belongs to it.
            alteration: What is changed of the first bytes inside.
        """
        self._phase, self._recv_into = Phase.HELLO, self._receive
        self._alteration = alteration
        self._clear_left = getattr(self.through, 'under_way', 0)
        self._begin_limit()
        self._hello = HelloReader()
        self._watcher = get_hub().loop.io(self.fd, READABLE)
        self._watcher.start(self._on_hello)
        if data:
            self._take_hello(data)

    def _begin_limit(self) -> None:
        if self._limit is None:
            self._limit = get_hub().loop.timer(self.timeout)
            if self.timeout:
                self._limit.start(self._on_late)

    def _on_late(self) -> None:
        self._fail(f'no TLS handshake within {self.timeout:g} s')

    def _on_hello(self) -> None:
        try:
            received = self._recv_raw(_RAW)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(explain(error))
            return
        if received:
            self._take_hello(bytes(_RAW_VIEW[:received]))
        else:
            self._fail('it has left')

    def _take_hello(self, data: bytes) -> None:
        reader = self._hello
        assert reader is not None
        try:
            hello = reader.feed(data)
        except NoHelloError:
            hello = ClientHello()   # it is answered as any server answers it
        if hello is not None:
            self.hello = hello
            self._watcher = release(self._watcher)
            self._greet(bytes(reader.data))

    def _greet(self, data: bytes) -> None:
        try:
            channel = self._begins.channel(self.hello)
        except HandshakeFails as fails:
            self._end_with(fails, data)
            return
        except ValueError as wrong:     # a name that cannot be asked for
            self._fail(str(wrong))
            return
        self._phase = Phase.SHAKING
        self._tls, self._incoming, self._outgoing = channel[:3]
        self._shake = shake = Handshake(self.sock, channel, self._shaken)
        shake.start(data)

    def _end_with(self, fails: HandshakeFails, hello: bytes) -> None:
        """Answer a ClientHello as a handshake is to fail; that takes as long as the client likes."""
        def over(reset: bool) -> None:
            self._shake = None
            self._fail(str(fails))
            self._failed = not reset    # else what is on its way to the client would be overtaken
        self._give_up()
        self._shake = farewell = Farewell(self.sock, over)
        farewell.answer(fails, hello)

    def _shaken(self, error: Exception | None) -> None:
        self._shake = None
        if error is not None:
            self._fail(explain(error))
            return
        if self._begins.begun is not None:
            self._begins.begun()
        self._limit = release(self._limit)
        if self._switch is not None:
            self._alteration = self._switch.alteration
        self._phase, self._switch, self._hello, self._clear_left = Phase.INSIDE, None, None, 0
        self._recv_into = self._decrypt_into if self._alteration is None else self._decrypt_altered
        self.more = bool(self._incoming.pending or self._tls.pending())
        self._let_go()
        if self.more and self._reader is not None:
            self._reader.tell()
        if self.on_end is not None:
            self.on_end(None)

    def _fail(self, reason: str) -> None:
        """Let there be no TLS; the session is told, and ends."""
        if self._phase is Phase.FAILED or self.sock is None:
            return
        self._phase, self._failed = Phase.FAILED, self._begins.server_side     # an alert may be on its way to a client
        self._recv_into = self._receive
        self._give_up()
        error = ConnectionAbortedError(errno.ECONNABORTED, f'TLS: {reason}')
        self._lose(error)
        self._begins.failed(reason)
        if self.on_end is not None:
            get_hub().loop.run_callback(self.on_end, error)

    def _give_up(self) -> None:
        self._watcher, self._limit = release(self._watcher), release(self._limit)
        if self._shake is not None:
            self._shake.cancel()
            self._shake = None

    # -- reading and writing

    def _decrypt_altered(self, buffer: Any, size: int) -> int:
        count = self._decrypt_into(buffer, size)
        alteration = self._alteration
        if alteration is not None:
            buffer[:count] = alteration.received(bytes(memoryview(buffer)[:count]))
            self._altered(alteration)
        return count

    def _altered(self, alteration: Alteration) -> None:
        if alteration.over:
            self._alteration, self._recv_into = None, self._decrypt_into

    def write_soon(self, data: Any) -> bool:
        phase = self._phase
        if phase is Phase.INSIDE:
            alteration = self._alteration
            if alteration is not None:
                data = alteration.sent(bytes(data))
                self._altered(alteration)
            return super().write_soon(data)
        if phase not in WAITING:
            self.check()
            self._plain += len(data)
            return Stream.write_soon(self, data)
        self._write_later(bytes(data))
        return self.backlog is None

    def _write_later(self, data: bytes) -> None:
        """Hold bytes until TLS has begun, but for those that were written before it was to begin and have come through toxics."""
        clear, self._clear_left = data[:self._clear_left], max(0, self._clear_left - len(data))
        if clear:
            if not self.backlog:
                self.backlog = None
            self._plain += len(clear)
            Stream.write_soon(self, clear)
        if len(data) > len(clear):
            self._held.append(data[len(clear):])
        if self._held and self._phase is Phase.SWITCHING:
            self._switched(self._switch.wanted, b''.join(self._held))   # type: ignore[union-attr]
        asks_for_more = self._limit is None and sum(map(len, self._held)) < MAX_HELD
        if self._held and self.backlog is None and not asks_for_more:
            self.backlog = deque()      # to those who ask it is as if the socket did not take it

    def _let_go(self) -> None:
        """Write what was held."""
        held, self._held = self._held, []
        if not self.backlog:
            self.backlog = None
        try:
            for data in held:
                self.write_soon(data)
        except OSError:
            pass    # the next write is told
        if self._finishes and held:
            self.finish_socket()
        if self.backlog is None:
            self._tell_drained()

    # -- how it ends

    def at_end(self) -> bool:
        if self._phase is Phase.INSIDE:
            return super().at_end()
        if self._phase is not Phase.CLEAR:
            raise BlockingIOError(errno.EAGAIN, 'TLS has not begun')
        return Stream.at_end(self)

    def finish_socket(self) -> None:
        if self._phase is Phase.INSIDE:
            super().finish_socket()
            return
        self._finishes = True
        if not self._held:
            Stream.finish_socket(self)

    def _notify(self) -> None:
        if self._phase is Phase.INSIDE:
            super()._notify()

    @property
    def silent(self) -> bool:
        return isinstance(self._shake, Farewell) and self._shake.silent

    def _release(self) -> Any:
        if isinstance(self._shake, Farewell):   # it has failed, and its client has not left yet
            self._begins.failed('the session has ended')
        self._give_up()
        self.on_end = None
        self._held = []
        return super()._release()


NOT_YET = Channel(None, ssl.MemoryBIO(), ssl.MemoryBIO())     # type: ignore[arg-type]
