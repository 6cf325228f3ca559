"""The toxics of one lane, one behind the other, between what is written to a stream and its socket.

Each stage is a greenlet with a bounded queue. Knows streams and toxics, and no session. Nothing here waits for a peer but the
stages themselves: adding, changing and removing act at once, and what a stage held goes out in order.
"""
import time
from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from gevent import GreenletExit, get_hub, getcurrent, spawn
from gevent.event import Event

from .stream import Stream
from .toxics.base import Chunk, Toxic

#: [bytes] of a chunk at most, as in Toxiproxy
CHUNK = 32 * 1024


class Outlet:
    """The end of a chain: the socket itself."""

    full = False

    def __init__(self, stream: Stream, ended: Callable[[], None]) -> None:
        self._stream, self._ended = stream, ended

    def put(self, data: bytes) -> None:
        self._stream.write_soon(data)

    def put_and_wait(self, data: bytes) -> None:
        self._stream.write(data)

    def end(self) -> None:
        self._ended()


class Stage:
    """One toxic at work: it takes chunks from its queue and passes them on to the next stage.

    Args:
        toxic: The toxic's object for this session.
        failed: Called when the toxic raises.
    """

    def __init__(self, toxic: Toxic, after: Any, failed: Callable[[Toxic], None]) -> None:
        self.toxic, self.after, self._failed = toxic, after, failed
        self._queue: deque[Chunk] = deque()
        self._size = 0              # [bytes] in the queue
        self._in_hand: bytes | None = None      # taken from the queue and not sent on yet
        self._ending = self._ended = False
        self._arrived = Event()
        self._room: list[Callable[[], None]] = []
        self._greenlet: Any = None
        self.restart()

    # -- the side of those who put

    @property
    def full(self) -> bool:
        """Whether senders should wait for ``when_room``."""
        return self._size >= self.toxic.queue

    @property
    def empty(self) -> bool:
        """Whether nothing is under way in it."""
        return not self._queue and not self._in_hand and (not self._ending or self._ended)

    def put(self, data: bytes) -> None:
        """Take bytes, whether there is room or not; the sender looks at ``full`` afterwards. Once it has ended it drops them."""
        if self._ended:
            return
        self._queue.append(Chunk(data, time.monotonic()))
        self._size += len(data)
        self._arrived.set()

    def put_and_wait(self, data: bytes) -> None:
        """Take bytes, and wait in a greenlet until there is room for more."""
        self.put(data)
        while self.full:
            room = Event()
            self.when_room(room.set)
            room.wait()

    def end(self) -> None:
        """Take note that nothing more comes."""
        self._ending = True
        self._arrived.set()

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, when there is room again."""
        self._room.append(callback)

    # -- the side of the toxic: it is handed this object as ``chunks``

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            try:
                chunk = self.get()
            except EOFError:
                return
            assert chunk is not None
            yield chunk

    def get(self, timeout: float | None = None) -> Chunk | None:
        self._in_hand = None
        while not self._queue:
            if self._ending:
                raise EOFError
            self._arrived.clear()
            if not self._arrived.wait(timeout):
                return None
        chunk = self._queue.popleft()
        self._size -= len(chunk.data)
        self._in_hand = chunk.data
        if self._room and not self.full:
            waiting, self._room = self._room, []
            for callback in waiting:
                callback()
        return chunk

    def _send(self, chunk: Chunk | bytes) -> None:
        if getcurrent() is not self._greenlet:
            raise GreenletExit      # interrupted, and what it had in hand has left without it
        data = chunk if isinstance(chunk, bytes) else chunk.data
        if self._in_hand is not None:
            self._in_hand = self._in_hand[len(data):]
        self.after.put_and_wait(data)

    def _run(self) -> None:
        try:
            self.toxic.pipe(self, self._send)
        except OSError:             # the socket behind it is gone; the lanes hear of it themselves
            self._drop()
        except Exception:           # a plugin's
            self._failed(self.toxic)
        if getcurrent() is self._greenlet:
            self._finish()

    def _finish(self) -> None:
        self._in_hand, self._ended, self._ending = None, True, True
        self._drop()
        self.after.end()

    def _drop(self) -> None:
        self._queue.clear()
        self._size = 0

    # -- changing

    def _interrupt(self) -> None:
        """End ``pipe`` where it waits; what it had in hand goes out at once."""
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None and greenlet is not getcurrent():
            greenlet.kill(block=False)
        rest, self._in_hand = self._in_hand, None
        if rest:
            self.after.put(rest)

    def restart(self) -> None:
        """Begin, or begin anew with changed settings."""
        if not self._ended:
            self._interrupt()
            self._greenlet = spawn(self._run)

    def dissolve(self) -> None:
        """Pass on all that it holds, in order and without waiting, and work no more."""
        self._interrupt()
        for chunk in self._queue:
            self.after.put(chunk.data)
        self._drop()
        if self._ending and not self._ended:
            self.after.end()
        self._ended = True
        waiting, self._room = self._room, []
        for callback in waiting:
            get_hub().loop.run_callback(callback)

    def stop(self) -> None:
        """Work no more; what it holds is lost with the connection."""
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None and greenlet is not getcurrent():
            greenlet.kill(block=False)
        self._drop()


class Chain:
    """The stages in front of one stream; ``Stream.through``.

    Args:
        stream: Where everything goes in the end.
        failed: Called with a toxic that raised.

    Attributes:
        finishing: The end of the stream is under way in it.
    """

    def __init__(self, stream: Stream, failed: Callable[[Toxic], None]) -> None:
        self._stream, self._failed = stream, failed
        self._stages: dict[str, Stage] = {}
        self._then: list[Callable[[], None]] = []
        self._outlet = Outlet(stream, self._at_end)
        self.finishing = self._finished = False

    def _first(self) -> Any:
        return next(iter(self._stages.values()), self._outlet)

    # -- what a stream asks of ``through``

    @property
    def full(self) -> bool:
        """Whether writers should wait for ``when_drained``."""
        return bool(self._first().full) if self._stages else self._stream.backlog is not None

    @property
    def empty(self) -> bool:
        """Whether nothing is under way in it."""
        return all(stage.empty for stage in self._stages.values())

    def put(self, data: bytes) -> None:
        """Take bytes; the writer looks at ``full`` afterwards."""
        for at in range(0, len(data), CHUNK):
            self._first().put(data[at:at + CHUNK])

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Call back once, when there is room again."""
        first = self._first()
        if first is not self._outlet and first.full:
            first.when_room(callback)
        else:
            get_hub().loop.run_callback(callback)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """Pass the end of the stream on, behind everything; ``then`` is called when FIN is sent."""
        if then is not None:
            self._then.append(then)
        if self._finished:
            self._at_end()
        elif not self.finishing:
            self.finishing = True
            self._first().end()

    def _at_end(self) -> None:
        self._finished = True
        if not self._stream.closed:
            self._stream.end_writing()
        then, self._then = self._then, []
        for callback in then:
            self._stream.after_written(callback)

    def stop(self) -> None:
        """End all stages; the stream is closed."""
        for stage in self._stages.values():
            stage.stop()
        self._stages.clear()

    # -- changing

    def __contains__(self, name: str) -> bool:
        return name in self._stages

    def __bool__(self) -> bool:
        return bool(self._stages)

    def get(self, name: str) -> Toxic | None:
        """Return the toxic of this name; None: it is not active here."""
        stage = self._stages.get(name)
        return stage.toxic if stage else None

    def add(self, name: str, toxic: Toxic) -> None:
        """Put a toxic behind all others."""
        stage = Stage(toxic, self._outlet, self._failed)
        if self._stages:
            list(self._stages.values())[-1].after = stage
        self._stages[name] = stage
        if self._finished:
            stage.end()

    def restart(self, name: str) -> None:
        """Let a toxic begin anew: its settings have changed."""
        if name in self._stages:
            self._stages[name].restart()

    def remove(self, name: str) -> None:
        """Take a toxic away; what it holds goes on at once, in order."""
        stage = self._stages[name]
        stages = list(self._stages.values())
        at = stages.index(stage)
        if at:
            stages[at - 1].after = stage.after
        stage.dissolve()
        del self._stages[name]


class Link:
    """One direction of one session, as a toxic on it may act on it.

    Args:
        random: A generator for this toxic on this session alone.
        close: Ends this direction here, delivers what was passed on, and then ends the session.
        reset: Resets the session.
    """

    __slots__ = ('random', 'close', 'reset')

    def __init__(self, random: Random, close: Callable[[], None], reset: Callable[[], None]) -> None:
        self.random, self.close, self.reset = random, close, reset
