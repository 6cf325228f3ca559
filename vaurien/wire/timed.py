"""A stage whose toxic only says when what leaves: it works in the event loop, and all of them wait for one alarm.

A greenlet and a timer for each chunk that waits would cost more than the rest of its way.
"""
from collections.abc import Callable, Iterator
from time import monotonic

from gevent import get_hub

from ..alarm import Ticket, alarm
from ..net.loop import PLUGIN_ERRORS
from ..toxics.base import Timed, Toxic
from .piped import Piped
from .stage import SENDS_A_TURN, After, Stage

Piece = tuple[float, bytes]     # the moment from which on it leaves, and what leaves


class TimedStage(Stage):
    """A stage that asks ``pieces`` of each chunk. Takes what ``Stage`` takes; its toxic is a ``Timed``.

    It is in one of three states: something will call ``_go_on`` (``_busy``: the alarm, a callback of the loop, or room in what
    comes after it), it has nothing to do, or it has ended.
    """

    toxic: Timed

    def __init__(self, toxic: Timed, after: After, failed: Callable[[Toxic], None]) -> None:
        super().__init__(toxic, after, failed)
        self._alarm = alarm()
        self._ticket: Ticket | None = None
        self._busy = False
        self._pieces: Iterator[Piece] | None = None     # of the chunk in hand
        self._next: Piece | None = None

    def _wake(self) -> None:
        if not (self._busy or self.ended):
            self._soon()

    def _soon(self) -> None:
        """Go on in the loop; nothing of a toxic runs within a sender's call."""
        self._busy = True
        get_hub().loop.run_callback(self._go_on)

    def _go_on(self) -> None:
        """Send on what is due, and find out what to wait for."""
        self._ticket, sends = None, 0
        while not self.ended:
            piece = self._next or self._draw()
            if piece is None:
                self._busy = False
                return None
            moment, data = self._next = piece
            if moment > monotonic():
                self._ticket = self._alarm.at(moment, self._go_on)
                return None
            self._next = None
            if data:
                self._sent += len(data)
                self.after.put(data)
                sends += 1
                if self.ended:      # what was sent has ended the session
                    return None
                if self.after.full:
                    return self.after.when_room(self._soon)
                if sends >= SENDS_A_TURN:
                    return self._soon()
        return None

    def _draw(self) -> Piece | None:
        """Return the next piece, of the chunk in hand or of the one after it; None: there is nothing to do."""
        while True:
            try:
                piece = None if self._pieces is None else next(self._pieces, None)
                if piece is not None:
                    return piece
                self._in_hand, self._sent, self._pieces = b'', 0, None
                if not self._queue:
                    break
                self._pieces = iter(self.toxic.pieces(self._take()))
            except PLUGIN_ERRORS:   # a plugin's
                self._failed(self.toxic)
                if not self.ended:
                    self._finished()
                return None
        if self._ending:
            self._finished()
        return None

    # -- changing

    def _halt(self) -> None:
        self._pieces = self._next = None
        if self._ticket is not None:
            self._alarm.cancel(self._ticket)
            self._ticket, self._busy = None, False

    def restart(self) -> None:
        """Begin again, with changed settings; what it had in hand goes out at once."""
        if not self.ended:
            self._halt()
            self._let_go()
            self._wake()


def stage_for(toxic: Toxic, after: After, failed: Callable[[Toxic], None]) -> Stage:
    """Put a toxic to work: in the event loop where it does no more than say when what leaves."""
    if isinstance(toxic, Timed) and type(toxic).pipe is Timed.pipe:
        return TimedStage(toxic, after, failed)
    return Piped(toxic, after, failed)
