"""A stage whose toxic works in a greenlet of its own, where it may wait as it likes: what most toxics are."""
from collections.abc import Callable, Iterator
from typing import Any

from gevent import GreenletExit, get_hub, getcurrent, sleep, spawn
from gevent.event import Event

from ..net.loop import PLUGIN_ERRORS
from ..toxics.base import Chunk, Toxic
from .stage import SENDS_A_TURN, After, Stage


class Restart(BaseException):
    """Ends ``pipe`` where it waits, because it is to be called again."""


class Piped(Stage):
    """A stage that calls ``pipe`` in a greenlet. Takes what ``Stage`` takes."""

    def __init__(self, toxic: Toxic, after: After, failed: Callable[[Toxic], None]) -> None:
        super().__init__(toxic, after, failed)
        self._turns = 0
        self._changed = False       # ``pipe`` is to begin again
        self._begun = False
        self._patient = False       # it waits for the next chunk, whatever the settings
        self._arrived = Event()
        self._greenlet: Any = spawn(self._run)

    def _wake(self) -> None:
        self._arrived.set()

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
        return self._take()

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

    # -- changing

    def _halt(self) -> None:
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
