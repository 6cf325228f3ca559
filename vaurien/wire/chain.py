"""The toxics of one lane, one after the other, between what is written to a stream and its socket.

Knows streams and stages, and no session. No call here waits.
"""
from collections.abc import Callable, Collection
from typing import Any

from gevent import get_hub

from ..net.stream import Stream
from ..toxics.base import Toxic
from .outlet import Outlet
from .stage import Stage
from .timed import stage_for

#: [bytes] of a chunk at most, as in Toxiproxy
CHUNK = 32 * 1024


class Chain:
    """The stages in front of one stream; ``Stream.through``.

    Args:
        stream: Where everything goes in the end.
        failed: Called with a toxic that raised.
        lost: Called with the error of a write after the last toxic; nothing else reports it.

    Attributes:
        finishing: The end of the stream is under way in it.
    """

    def __init__(self, stream: Stream, failed: Callable[[Toxic], None], lost: Callable[[OSError], None]) -> None:
        self._stream, self._failed = stream, failed
        self._stages: dict[str, Stage] = {}
        self._then: list[Callable[[], None]] = []
        self._outlet = Outlet(stream, self._at_end, lost)
        self.finishing = self._finished = False
        self._taken = 0

    def follow(self, written: Callable[[], None]) -> None:
        """Call something whenever bytes have left it for the socket."""
        self._outlet.written = written

    @property
    def under_way(self) -> int:
        """How many bytes have come that have not left it; what a toxic drops never does."""
        return self._taken - self._outlet.count

    def _first(self) -> Any:
        return next(iter(self._stages.values()), self._outlet)

    # -- what a stream asks of ``through``

    @property
    def full(self) -> bool:
        """Whether writers should wait for ``when_drained``."""
        return bool(self._first().full) if self._stages else self._stream.backlog is not None

    @property
    def empty(self) -> bool:
        """Whether nothing is under way in it; once its end has left nothing can be."""
        return self._finished or all(stage.empty for stage in self._stages.values())

    def put(self, data: bytes | memoryview) -> None:
        """Take bytes, and keep nothing of what they are a view of; the writer looks at ``full`` afterwards."""
        self._taken += len(data)
        put = self._first().put
        for at in range(0, len(data), CHUNK):
            put(bytes(data[at:at + CHUNK]))

    def when_drained(self, callback: Callable[[], None]) -> None:
        """Call back once, in the loop, when there is room again."""
        first = self._first()
        if first.full:
            first.when_room(callback)
        else:
            get_hub().loop.run_callback(callback)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """Pass the end of the stream on, after everything; ``then`` is called when FIN is sent."""
        if then is not None:
            self._then.append(then)
        if self._finished:
            self._at_end()
        elif not self.finishing:
            self.finishing = True
            self._first().finish()

    def _at_end(self) -> None:
        self.finishing = self._finished = True
        if not self._stream.closed:
            self._stream.finish_socket()
        then, self._then = self._then, []
        for callback in then:
            self._stream.after_written(callback)

    def drop(self) -> None:
        """Let go of all stages and what they hold; the stream is closed."""
        for stage in self._stages.values():
            stage.drop()
        self._stages.clear()

    # -- changing

    def __contains__(self, name: str) -> bool:
        return name in self._stages

    def is_empty(self, name: str) -> bool:
        """Return whether nothing is under way in one of the toxics."""
        return self._stages[name].empty

    def __bool__(self) -> bool:
        return bool(self._stages)

    def add(self, name: str, toxic: Toxic, before: Collection[str]) -> None:
        """Put a toxic in its place.

        Args:
            name: What it is known by.
            toxic: Its object.
            before: The names of those that stand before it; all others stand after it.
        """
        last = next(reversed(self._stages), None)
        if last is None or last in before:  # and so do all others: a session that begins gets each at the end
            self._append(name, toxic)
            return
        items = list(self._stages.items())
        at = sum(other in before for other, _ in items)
        stage = stage_for(toxic, items[at][1], self._failed)
        if at:
            items[at - 1][1].after = stage
        if items[at - 1][1].ended if at else self.finishing:
            stage.finish()  # the end of the stream has passed this place already
        self._stages = dict([*items[:at], (name, stage), *items[at:]])

    def _append(self, name: str, toxic: Toxic) -> None:
        stage = stage_for(toxic, self._outlet, self._failed)
        last = next(reversed(self._stages.values()), None)
        if last is not None:
            last.after = stage
        if self.finishing if last is None else last.ended:
            stage.finish()
        self._stages[name] = stage

    def restart(self, name: str) -> None:
        """Let a toxic begin again: its settings have changed."""
        self._stages[name].restart()

    def remove(self, name: str) -> Toxic:
        """Take a toxic away, and return it; what it holds goes on at once, in order."""
        stage = self._stages.pop(name)
        for other in self._stages.values():
            if other.after is stage:
                other.after = stage.after
        stage.dissolve()
        return stage.toxic
