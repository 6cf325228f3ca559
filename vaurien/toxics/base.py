"""What every toxic is made of: one stage between a handler and a socket. Knows no stream, lane or session."""
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar

from ..alarm import sleep, sleep_until
from ..options import Bounded
from ..registry import Registry, fits

#: [bytes] that a stage holds before it pushes back to the sender: some chunks, to keep two stages busy
QUEUE = 256 * 1024
Milliseconds = Bounded(int, 0, 2 ** 63 - 1)
#: what Toxiproxy takes for milliseconds, bytes and rates alike; it refuses none, and less than 0 counts as 0
Whole = Bounded(int, -2 ** 63, 2 ** 63 - 1)
T = TypeVar('T', bound='Toxic')
Milliseconds.expected, Whole.expected = 'an integer of at least 0', 'an integer'


class Chunk(NamedTuple):
    """Bytes that arrived together.

    Args:
        data: The bytes, at most 32 KiB as they are read.
        arrived: When they reached this stage [seconds of ``time.monotonic``].
    """

    data: bytes
    arrived: float


class Chunks(Protocol):
    """What a stage receives; it ends with the stream. Taking the next chunk says that the one before is dealt with."""

    def __iter__(self) -> Iterator[Chunk]: ...
    def get(self, timeout: float | None = None) -> Chunk | None:
        """Return the next chunk, or None when ``timeout`` seconds have passed.

        Raises:
            EOFError: The stream has ended.
        """


class Send(Protocol):
    """Passes bytes on, and waits while the next stage has no room."""

    def __call__(self, chunk: Chunk | bytes) -> None: ...


class ToxicHandle(Protocol):
    """One direction of one session, as a toxic on it may act on it."""

    @property
    def random(self) -> Random: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...


class Toxic:
    """A condition of the wire on one direction of a session. There is one object for each session it is active in.

    A subclass gives a ``name``, may declare ``options``, and overrides ``pipe``, which may wait as it likes. When the
    toxic is changed or removed, ``pipe`` is ended wherever it waits; what it has taken and not sent on goes out at once,
    and after a change ``pipe`` is called again on the same object. Only the greenlet that it is called in may take and send.

    Args:
        settings: Values by option name, shared by all sessions of the proxy; they change when the toxic is updated.
        link: The direction of the session that it is on.
        shared: A dictionary that all sessions of the proxy share for this toxic.
    """

    name: ClassVar[str] = ''
    options: ClassVar[Mapping[str, Any]] = {}
    #: [bytes] that wait in front of it before the sender is held back; an object may have another number
    queue: int = QUEUE
    #: taking the toxic away ends the sessions it is active in
    ends_when_removed: ClassVar[bool] = False
    #: this object has kept bytes that are not to arrive: the stream would go on with a hole, so the session ends with it
    swallowed: bool = False
    #: it acts before the backend is connected, by ``opening_delay``, and on no byte
    opens: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, Any], link: ToxicHandle, shared: dict[str, Any]) -> None:
        self.settings, self.link, self.shared = settings, link, shared

    @classmethod
    def register(cls, toxic: 'type[T]', *, replace: bool = False) -> 'type[T]':
        """Make a class of toxics known under its ``name``. Also usable as a decorator.

        Args:
            toxic: The class.
            replace: Take the place of the class that has this name now.

        Returns:
            The class, unchanged.

        Raises:
            RegistrationError: The class is malformed, or its name is taken.
        """
        TOXICS.register(toxic, replace=replace)
        return toxic

    def option(self, name: str) -> Any:
        """Return the value of an option as it is now."""
        return self.settings[name]

    def seconds(self, name: str) -> float:
        """Return an option that is in milliseconds, in seconds; 0 where it is less."""
        return float(max(0, self.settings[name])) / 1000

    def pipe(self, chunks: Chunks, send: Send) -> None:
        """Pass chunks on until the stream ends. Returning earlier ends it, too.

        Args:
            chunks: What arrives.
            send: Passes a chunk, or bytes, on.
        """
        for chunk in chunks:
            send(chunk)

    @classmethod
    def opening_delay(cls, settings: Mapping[str, Any]) -> float:
        """Return the seconds to wait before the backend is connected."""
        return 0.0


class Timed(Toxic):
    """A toxic that does no more than say when what leaves; it needs no greenlet, so thousands of chunks may wait.

    A subclass overrides ``pieces``, and not ``pipe``. It may be called in the event loop, so it must not wait itself. When the
    toxic is changed, what is left of the pieces is not asked for any more.
    """

    def pieces(self, chunk: Chunk) -> Iterable[tuple[float, bytes]]:
        """Give the pieces of a chunk, each when the one before it has been sent.

        Args:
            chunk: What has arrived.

        Returns:
            Each with the moment of ``time.monotonic`` from which on it leaves; a past one: at once, ``inf``: it stays until the
            toxic is changed. An empty piece is only a wait. All of them together are the bytes of the chunk.
        """
        raise NotImplementedError

    def pipe(self, chunks: Chunks, send: Send) -> None:
        for chunk in chunks:
            for moment, piece in self.pieces(chunk):
                sleep_until(moment)
                if piece:
                    send(piece)


def _malformed(cls: Any) -> str | None:
    if not issubclass(cls, Toxic):
        return 'it is not derived from vaurien.toxics.Toxic'
    return None if fits(cls, None, None, None) else 'its constructor does not take (settings, link, shared)'


#: where those are that come with vaurien
OWN = {
    'bandwidth': 'vaurien.toxics.bandwidth:Bandwidth',
    'corrupt': 'vaurien.toxics.corrupt:Corrupt',
    'latency': 'vaurien.toxics.latency:Latency',
    'limit_data': 'vaurien.toxics.limit_data:LimitData',
    'limit_time': 'vaurien.toxics.limit_time:LimitTime',
    'noop': 'vaurien.toxics.noop:Noop',
    'packet_loss': 'vaurien.toxics.packet_loss:PacketLoss',
    'reset_peer': 'vaurien.toxics.reset_peer:ResetPeer',
    'slicer': 'vaurien.toxics.slicer:Slicer',
    'slow_close': 'vaurien.toxics.slow_close:SlowClose',
    'slow_open': 'vaurien.toxics.slow_open:SlowOpen',
    'timeout': 'vaurien.toxics.timeout:Timeout',
}
TOXICS: Registry[Toxic] = Registry('toxic', 'vaurien.toxics', _malformed, base='vaurien.toxics.base.Toxic', own=OWN)

__all__ = ['TOXICS', 'Chunk', 'Chunks', 'Milliseconds', 'Send', 'Timed', 'Toxic', 'ToxicHandle', 'Whole', 'sleep', 'sleep_until']
