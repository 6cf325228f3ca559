"""One toxic at work on one lane: a bounded queue, and what takes chunks from it. Knows its toxic and what comes after it.

Nothing here waits for a peer but the toxic itself: changing and dissolving act at once, and what a stage held goes out in order.
"""
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from gevent import get_hub
from gevent.event import Event

from ..toxics.base import Chunk, Toxic

#: [bytes] that a chunk costs beside its own: they count in the queue, so that many small ones do not fill the memory
CHUNK_OVERHEAD = 256
#: sends in a row after which others have their turn: each may be a system call, and none of them has to wait
SENDS_A_TURN = 32


class After(Protocol):
    """What a stage passes chunks on to: the next stage, or the outlet."""

    @property
    def full(self) -> bool: ...
    def put(self, data: bytes) -> None: ...
    def put_and_wait(self, data: bytes) -> None: ...
    def when_room(self, callback: Callable[[], None]) -> None: ...
    def finish(self) -> None: ...


class Stage:
    """One toxic at work: it takes chunks from its queue and passes them on to the next stage.

    Args:
        toxic: The toxic's object for this session.
        after: What comes after it: a stage, or the outlet.
        failed: Called when the toxic raises, while that is being handled.

    Attributes:
        ended: The end of the stream has left it; what still comes is dropped.
    """

    def __init__(self, toxic: Toxic, after: After, failed: Callable[[Toxic], None]) -> None:
        self.toxic, self.after, self._failed = toxic, after, failed
        self._queue: deque[Chunk] = deque()
        self._size = 0              # [bytes] in the queue, with what its chunks cost
        self._in_hand, self._sent = b'', 0      # taken from the queue, and how much of it is sent on
        self._ending = self.ended = False
        self._room: list[Callable[[], None]] = []

    # -- what differs

    def _wake(self) -> None:
        """Let the toxic know that there is a chunk, or the end of the stream."""
        raise NotImplementedError

    def _halt(self) -> None:
        """Let the toxic work no more."""
        raise NotImplementedError

    def restart(self) -> None:
        """Begin again, with changed settings; what it had in hand goes out at once."""
        raise NotImplementedError

    # -- the side of the sender

    @property
    def full(self) -> bool:
        """Whether senders should wait for ``when_room``."""
        return self._size >= self.toxic.queue

    @property
    def empty(self) -> bool:
        """Whether nothing is under way in it."""
        return not self._queue and self._sent >= len(self._in_hand) and (not self._ending or self.ended)

    def put(self, data: bytes) -> None:
        """Take bytes, whether there is room or not; the sender looks at ``full`` afterwards."""
        if not self.ended:
            self._queue.append(Chunk(data, time.monotonic()))
            self._size += len(data) + CHUNK_OVERHEAD
            self._wake()

    def put_and_wait(self, data: bytes) -> None:
        """Take bytes, and wait in a greenlet until there is room for more."""
        self.put(data)
        while self.full:
            room = Event()
            self.when_room(room.set)
            room.wait()

    def finish(self) -> None:
        """Record that nothing more comes."""
        self._ending = True
        self._wake()

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, in the loop, when there is room again."""
        self._room.append(callback)

    def _tell_room(self) -> None:
        waiting, self._room = self._room, []
        for callback in waiting:
            get_hub().loop.run_callback(callback)

    # -- the side of the toxic

    def _take(self) -> Chunk:
        """Take the first chunk in hand; the one before has been dealt with."""
        chunk = self._queue.popleft()
        self._size -= len(chunk.data) + CHUNK_OVERHEAD
        self._in_hand, self._sent = chunk.data, 0
        if self._room and not self.full:
            self._tell_room()
        return chunk

    def _finished(self) -> None:
        self._ending = self.ended = True
        self._empty()
        self.after.finish()

    def _empty(self) -> None:
        self._queue.clear()
        self._size, self._in_hand, self._sent = 0, b'', 0
        self._tell_room()

    # -- changing

    def _let_go(self) -> None:
        """Send on at once what the toxic has in hand."""
        rest, self._in_hand, self._sent = self._in_hand[self._sent:], b'', 0
        if rest:
            self.after.put(rest)

    def dissolve(self) -> None:
        """Pass on all that it holds, in order and without waiting, and work no more."""
        self._halt()
        self._let_go()
        if not (self.toxic.ends_when_removed or self.toxic.swallowed):     # what such a toxic holds was not to arrive
            for chunk in self._queue:
                self.after.put(chunk.data)
        self._empty()
        if self._ending and not self.ended:
            self.after.finish()
        self.ended = True

    def drop(self) -> None:
        """Work no more; what it holds is lost with the connection."""
        self.ended = True
        self._halt()
        self._empty()
