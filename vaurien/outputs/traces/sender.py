"""Sends what is handed over in a thread, in batches, so that nobody waits for a collector. Knows no span and no SDK.

What waits is bounded. A collector that is gone, slow, or refuses what it gets costs the spans of that time, and nothing else.
"""
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ..background import Background
from .counts import SpanCounts

MAX_WAITING = 4096      #: exchanges that wait to be sent, some 4 MB; more are lost
MAX_BATCH = 128         #: that are sent at once: some 5 ms of work, during which the event loop may have to wait for its turn
DELAY = 1.0             #: [s] that one waits for others at most, where nothing else is said
FULL = f'more than {MAX_WAITING:,} of them wait'    #: why spans are lost that were not refused


class Sender(Background):
    """Sends in the background.

    Args:
        send: Called in the thread with what is to be sent; returns how many were sent and how many lost, and why.
        tell: Called when some are lost for the first time; in any thread.
        delay: [s] That one waits for others at most.

    Attributes:
        counts: What became of them.
        failing: What was sent last was lost.
    """

    def __init__(self, send: Callable[[Sequence[Any]], tuple[int, int, str]], tell: Callable[[], None],
                 delay: float = DELAY) -> None:
        self._send, self._tell, self._delay = send, tell, delay
        self.counts, self.failing = SpanCounts(), False
        self._waiting: deque[Any] = deque()
        self._under_way = 0
        super().__init__('vaurien-otel')

    def take(self, one: Any) -> None:
        """Take something to be sent, or lose it where too much waits already."""
        with self._changed:
            count = len(self._waiting)
            if count >= MAX_WAITING:
                self._count(0, 1, FULL)
                return
            self._waiting.append(one)
            if not count or count + 1 == MAX_BATCH:
                self._changed.notify()

    def leave(self) -> int:
        """Tell nobody of anything any more; return how many are lost, with those that are not sent yet."""
        with self._changed:
            self._tell = lambda: None
            return self.counts.lost + len(self._waiting) + self._under_way

    def _count(self, sent: int, lost: int, error: str) -> None:
        if self.counts.add(sent, lost, error):
            self._tell()

    # -- in the thread

    def _run(self) -> None:
        while batch := self._batch():
            sent, lost, error = self._send(batch)
            with self._changed:
                self._under_way, self.failing = 0, bool(lost)
                self._count(sent, lost, error)

    def _batch(self) -> list[Any]:
        """Wait for a batch, and return it; empty: there is nothing left to be sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            self._changed.wait_for(lambda: len(self._waiting) >= MAX_BATCH or self._ending, self._delay)
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            self._under_way = len(batch)
            return batch
