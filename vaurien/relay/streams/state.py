"""One stream of a session of HTTP/2: its exchange, and what becomes of its frames in each direction. Knows no session."""
from collections import deque
from collections.abc import Callable
from typing import Any

from ...protocols.base import Exchange
from ...protocols.http.h2.hpack import Field
from ...protocols.http.h2.protocol import StreamProtocol
from ...protocols.message import EXCHANGE_BYTES

#: What becomes of the frames of one direction: they pass; they pass, and a behavior is told of the beginning and the end; they
#: are held until a behavior has done waiting; they are dropped
PASS, TOLD, HELD, DROPPED = range(4)

#: in place of a flag of DATA that is held: an event ends with it
EVENT_END = 0x100
#: [bytes] that a frame takes that is held, beside its own
HELD_BYTES = 144
#: what is held: (type, flags, the frame, its fields where that is a header block, [bytes] of credit that its sender got back)
Held = tuple[int, int, bytes, list[Field] | None, int]


class Half:
    """One direction of a stream.

    Attributes:
        mode: What becomes of its frames.
        then: What becomes of them once all that is held has left.
        waits: A behavior has not decided yet.
        begun: The message has begun: for a response its final headers have come.
        ended: The sender has ended it.
        held: Frames that wait, oldest first.
        tokens: How many events of those that are held may leave; None: all.
        room: [bytes] that the window of a response has at the client.
        inserted: Something was said in it, which the backend does not know of: it may think that there is more room.
    """

    __slots__ = ('mode', 'then', 'waits', 'begun', 'ended', 'held', 'tokens', 'room', 'inserted')

    def __init__(self) -> None:
        self.tokens: int | None = None
        self.room, self.inserted = 0, False
        self.mode = self.then = PASS
        self.waits = self.begun = self.ended = False
        self.held: deque[Held] = deque()

    def wait(self) -> None:
        """Hold frames until a behavior has decided."""
        self.mode, self.waits = HELD, True

    def decide(self, mode: int) -> None:
        """Record what is to become of the frames; those that are held leave first."""
        self.waits, self.then = False, mode
        if self.mode != HELD or mode == DROPPED:
            self.mode = mode


class StreamState:
    """One stream.

    Args:
        number: Its number, as the client has it.
        exchange: Its exchange.

    Attributes:
        out: Its number at the backend; 0: that has not seen it.
        up, down: Its two directions.
        protocol: What its behavior gets as the protocol; None: nothing happens to it.
        client, backend: What its behavior gets as the streams.
        end_wait: Ends what its behavior waits for; None: it does not wait.
        told: The fault is written down already, which waits before it is applied.
        replied: The client has got all that it will get.
        weight: [bytes] that it takes, about.
        passed: [bytes] of the response's content that have passed, where only half of it may.
        allowed: [bytes] of it that may pass; None: it is not known.
        events: What happens between two events of the response, once that has begun; None: nothing does, or it has happened.
        pacing: A greenlet lets one event after the other leave.
        talk: The conversation of WebSocket that it carries; None: it carries none.
    """

    __slots__ = ('number', 'exchange', 'out', 'up', 'down', 'protocol', 'client', 'backend', 'end_wait', 'told', 'replied',
                 'weight', 'passed', 'allowed', 'events', 'pacing', 'talk')

    def __init__(self, number: int, exchange: Exchange) -> None:
        self.number, self.exchange, self.out = number, exchange, 0
        self.up, self.down = Half(), Half()
        self.protocol: StreamProtocol | None = None
        self.client: StreamEnd | None = None
        self.backend: StreamEnd | None = None
        self.end_wait: Callable[[], None] | None = None
        self.told = False
        self.replied, self.weight = False, 2 * EXCHANGE_BYTES + 2 * exchange.name_bytes
        self.passed, self.allowed = 0, None     # type: int, int | None
        self.events: Any = None
        self.pacing = False
        self.talk: Any = None


class StreamEnd:
    """One end of one stream, with the verbs of a connection: closing it ends this stream, and no other.

    Args:
        stream: The connection, for what else is asked of it.
        write: Called with bytes that a behavior writes itself: they are content of the stream.
        end: Called with True where the stream is reset, with False where it is closed.
    """

    def __init__(self, stream: Any, write: Callable[[bytes], None], end: Callable[[bool], None]) -> None:
        self._stream, self._write, self._end = stream, write, end
        self._lent: bytes = b''
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def closed(self) -> bool:
        """Whether the stream was ended here, or the connection is gone."""
        return self._closed or bool(self._stream.closed)

    def lend(self, data: bytes) -> None:
        """Let ``recv`` return these bytes: the frames of a message that have come."""
        self._lent = data

    def recv(self, size: int = 1 << 30) -> bytes:
        """Return frames of the message, and then nothing."""
        data, self._lent = self._lent[:size], self._lent[size:]
        return data

    def unread(self, data: bytes) -> None:
        """Give bytes back."""
        self._lent = data + self._lent

    def sendall(self, data: Any) -> None:
        """Write content of the stream."""
        if not self._closed:
            self._write(bytes(data))

    def forward(self, dest: Any, size: int | None = None) -> int:
        """Move what ``recv`` would return."""
        data = self.recv() if size is None else self.recv(size)
        if data:
            dest.sendall(data)
        return len(data)

    def close(self) -> None:
        """End the stream."""
        self._over(False)

    def reset(self) -> None:
        """Reset the stream."""
        self._over(True)

    drop, abort = close, reset

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End the stream."""
        self._over(False)
        if then is not None:
            then()

    def _over(self, reset: bool) -> None:
        if not self._closed:
            self._closed = True
            self._end(reset)


def held_size(frame: bytes, fields: list[Field] | None) -> int:
    """Return about how many bytes a frame takes that is held: fields of the table take one byte in it, and more here."""
    return HELD_BYTES + len(frame) + 16 * len(fields or ())
