"""Requests that are looked at while they pass, some of many. Knows the exchanges of a session, and nobody who looks.

A session that is looked at has another class of queue; every other one costs nothing, and this one costs nothing beyond it.
"""
from collections import deque
from time import monotonic
from typing import ClassVar

from ...protocols.base import Exchange
from ...protocols.message import MessageProtocol, Queue
from ..session import Session

MAX_UNDER_WAY = 2_000   #: requests that are noted at the same time, some 300 KB


class Looking:
    """Who looks: derive from it, and say what becomes of what ``passed``.

    Attributes:
        under_way: The exchanges that have begun and are not answered yet, with when that was, by the monotonic clock.
        noted: How many exchanges have begun that were looked at.
    """

    def __init__(self) -> None:
        self.under_way: dict[Exchange, float] = {}
        self.noted = 0

    def began(self, exchange: Exchange) -> None:
        """Note an exchange that begins."""
        if exchange.expects and len(self.under_way) < MAX_UNDER_WAY:
            self.under_way[exchange] = monotonic()
        self.noted += 1

    def ended(self, session: int, exchange: Exchange) -> None:
        """Learn that an exchange is over, which may have begun unseen; as ``passed``."""
        began = self.under_way.pop(exchange, None)
        if began is not None:
            self.passed(session, exchange, monotonic() - began)

    def passed(self, session: int, exchange: Exchange, seconds: float) -> None:
        """Learn of a request that was answered.

        Args:
            session: The number of its session.
            exchange: The exchange.
            seconds: From when the request had begun to come until the last byte of its response was handed on.
        """
        raise NotImplementedError


class WatchedQueue(Queue):
    """The queue of a session that is looked at.

    Attributes:
        looking: Who looks; each has a class of its own, made by ``queue_for``.
    """

    __slots__ = ()

    looking: ClassVar[Looking]

    def popleft(self) -> Exchange:
        exchange = deque.popleft(self)
        self._answered(exchange)
        return exchange

    def clear(self) -> None:
        answered = list(self)
        deque.clear(self)
        for exchange in answered:
            self._answered(exchange)

    def _answered(self, exchange: Exchange) -> None:
        self.looking.ended(self.owner, exchange)


def queue_for(looking: Looking) -> type[WatchedQueue]:
    """Make the class of queue for who looks."""
    return type('WatchedQueue', (WatchedQueue,), {'__slots__': (), 'looking': looking})


def watch(session: Session, queue: type[Queue], looking: Looking | None) -> None:
    """Look at the requests of a session from the next one on, or at no more.

    Args:
        session: The session; one whose protocol knows no requests is left alone.
        queue: What its queue becomes: that of who looks, so that what has begun is followed to its end, or ``Queue``.
        looking: Who looks at what begins; None: nobody.
    """
    protocol = session.protocol
    if not isinstance(protocol, MessageProtocol):
        return
    if protocol.multiplexed:    # no queue is right for many at once: the pair of its lanes knows which of them are over
        pair = getattr(session.upstream, 'pair', None)
        if pair is None:
            return
        pair.looking = getattr(queue, 'looking', None)
    elif type(protocol.queue) is not queue:
        protocol.queue.owner = session.number
        protocol.queue.__class__ = queue    # of the same layout; what is in it stays
    session.draws.watch(looking)
