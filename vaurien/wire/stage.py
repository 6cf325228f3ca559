"""One toxic at work on one lane: a greenlet with a bounded queue in front of it. Knows its toxic and what comes after it.

Nothing here waits for a peer but the toxic itself: changing and dissolving act at once, and what a stage held goes out in order.
"""
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from gevent import GreenletExit, get_hub, getcurrent, sleep, spawn
from gevent.event import Event

from ..net.loop import PLUGIN_ERRORS
from ..net.stream import Stream
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
    def finish(self) -> None: ...


class Restart(BaseException):
    """Ends ``pipe`` where it waits, because it is to be called again."""


class Outlet:
    """The end of a chain: the socket itself.

    Args:
        stream: Where everything goes in the end.
        ended: Called when the end of the stream has come through.
        lost: Called once, with what a write has met.

    Attributes:
        count: [bytes] that were written.
        written: Called after each write; None: nothing is.
    """

    full = False    #: the socket takes what it takes; the stream keeps the rest

    def __init__(self, stream: Stream, ended: Callable[[], None], lost: Callable[[OSError], None]) -> None:
        self._stream, self._ended, self._lost = stream, ended, lost
        self._told, self.count = False, 0
        self.written: Callable[[], None] | None = None

    def put(self, data: bytes) -> None:
        """Write, and wait nowhere for what the socket does not take."""
        self._write(self._stream.write_soon, data)

    def put_and_wait(self, data: bytes) -> None:
        """Write, and wait in a greenlet until the socket has taken it."""
        self._write(self._stream.write, data)

    def _write(self, write: Callable[[bytes], None], data: bytes) -> None:
        if self._told:
            return
        try:
            self._stream.check()    # an earlier write may have failed while no caller waited for it
            self.count += len(data)
            write(data)
        except OSError as error:
            self._told = True
            self._lost(error)
            return
        if self.written is not None:
            self.written()

    def finish(self) -> None:
        """Pass on that nothing more comes."""
        self._ended()


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
        self._turns = 0
        self._ending = self.ended = False
        self._changed = False       # ``pipe`` is to begin again
        self._begun = False
        self._patient = False       # it waits for the next chunk, whatever the settings
        self._arrived = Event()
        self._room: list[Callable[[], None]] = []
        self._greenlet: Any = spawn(self._run)

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
            self._arrived.set()

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
        self._arrived.set()

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, in the loop, when there is room again."""
        self._room.append(callback)

    def _tell_room(self) -> None:
        waiting, self._room = self._room, []
        for callback in waiting:
            get_hub().loop.run_callback(callback)

    # -- the side of the toxic: it is handed this object as ``chunks``

    def _check(self) -> None:
        """End what was interrupted and has not noticed: what it had in hand has left without it."""
        if getcurrent() is not self._greenlet:
            raise GreenletExit
        if self._changed:
            raise Restart

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            self._patient = not self._queue
            try:
                chunk = self.get()
            except EOFError:
                return
            finally:
                self._patient = False
            assert chunk is not None
            yield chunk

    def get(self, timeout: float | None = None) -> Chunk | None:
        self._check()
        self._in_hand, self._sent = b'', 0
        while not self._queue:
            if self._ending:
                raise EOFError
            self._arrived.clear()
            arrived = self._arrived.wait(timeout)
            self._check()
            if not arrived:
                return None
        chunk = self._queue.popleft()
        self._size -= len(chunk.data) + CHUNK_OVERHEAD
        self._in_hand = chunk.data
        if self._room and not self.full:
            self._tell_room()
        return chunk

    def _send(self, chunk: Chunk | bytes) -> None:
        self._check()
        data = chunk.data if isinstance(chunk, Chunk) else chunk
        self._sent += len(data)
        self.after.put_and_wait(data)
        self._turns += 1
        if not self._turns % SENDS_A_TURN:
            sleep(0)

    def _run(self) -> None:
        while True:
            self._changed, self._begun = False, True
            try:
                self.toxic.pipe(self, self._send)
            except Restart:
                continue
            except PLUGIN_ERRORS:   # a plugin's
                if getcurrent() is self._greenlet:
                    self._failed(self.toxic)
            break
        if getcurrent() is self._greenlet:
            self._finished()

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
        """Send on at once what ``pipe`` has in hand."""
        rest, self._in_hand, self._sent = self._in_hand[self._sent:], b'', 0
        if rest:
            self.after.put(rest)

    def _kill(self) -> None:
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None and greenlet is not getcurrent():
            greenlet.kill(block=False)

    def restart(self) -> None:
        """Begin again, with changed settings; what it had in hand goes out at once."""
        self._let_go()
        if self._begun and not (self.ended or self._changed):
            self._changed = True
            if not self._patient:   # else it is soon enough when a chunk wakes it
                get_hub().loop.run_callback(self._begin_again, self._greenlet)

    def _begin_again(self, greenlet: Any) -> None:
        if self._changed and greenlet is self._greenlet and not greenlet.dead:
            greenlet.throw(Restart)

    def dissolve(self) -> None:
        """Pass on all that it holds, in order and without waiting, and work no more."""
        self._kill()
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
        self._kill()
        self._empty()
