"""Faults and notices as server-sent events, for the clients that follow them. Knows the journal, and the lines of an event.

The data plane never waits for a follower: what it may be behind is bounded, and beyond that it is dropped.
"""
from collections import deque
from collections.abc import Iterator
from typing import Any

import gevent
from gevent.event import Event

from ...proxies.journal import Fault, Journal
from ...relay.recording.records import Noticed
from ..server_sent import ALIVE, event
from ..surface import Refusal

MAX_FOLLOWERS = 32  #: at the same time; each costs the data plane some 0.3 us a fault
MAX_BACKLOG = 1000  #: faults that a follower may be behind, beyond those that it asked for
KEEPALIVE_INTERVAL = 10.0  #: [seconds] between two signs of life while nothing happens, which show that a follower has left
DROP_GRACE = 1.0  #: [seconds] that one that is dropped has to take what was written to it
MAX_BATCH = 100  #: faults of one write


class Followers:
    """The clients that follow a journal.

    Args:
        journal: What they follow.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.count = 0

    def follow(self, since: int | None, proxy: str | None) -> Iterator[bytes]:
        """Follow the journal.

        Args:
            since: Begin after the fault with this id; None: with the next one.
            proxy: Only faults of this proxy; None: of all.

        Returns:
            The bytes to send, as the faults happen, without end.

        Raises:
            Refusal: There are too many followers.
        """
        if self.count >= MAX_FOLLOWERS:
            raise Refusal(503, f'there are {MAX_FOLLOWERS} followers already')
        return self._send(Follower(proxy), since)

    def _send(self, follower: 'Follower', since: int | None) -> Iterator[bytes]:
        self.count += 1
        self._journal.follow(follower.push)
        self._journal.listen(follower.put)
        try:
            if since is not None:
                follower.queue.extend(self._journal.since(since, follower.proxy))
                follower.bound += len(follower.queue)
            yield ALIVE    # the headers go out now, not with the first fault
            yield from follower
        finally:
            follower.close()
            self._journal.unfollow(follower.push)
            self._journal.listen_no_more(follower.put)
            self.count -= 1


class Follower:
    """One client that follows.

    Args:
        proxy: Whose faults; None: of all proxies.

    Attributes:
        queue: What was not sent yet.
        bound: How long that may be.
    """

    def __init__(self, proxy: str | None) -> None:
        self.proxy = proxy
        self.queue: deque[Fault | Noticed] = deque()
        self.bound = MAX_BACKLOG
        self._dropped = False
        self._more = Event()
        self._greenlet: Any = gevent.getcurrent()
        self._end: Any = None

    def push(self, fault: Fault) -> None:
        """Record a fault; runs in the loop and never waits."""
        if self.proxy is None or fault.proxy == self.proxy:
            self.put(fault)

    def put(self, happened: Fault | Noticed) -> None:
        """Record a fault, or what has happened to the whole process; likewise."""
        if self._dropped:
            return
        if len(self.queue) >= self.bound:
            self._dropped = True
            self.queue.clear()
            # the greenlet may hang in a write
            self._end = gevent.spawn_later(DROP_GRACE, self._greenlet.kill, gevent.GreenletExit, False)
        else:
            self.queue.append(happened)
        self._more.set()

    def close(self) -> None:
        """Follow no more."""
        if self._end is not None:
            self._end.kill(block=False)

    def __iter__(self) -> Iterator[bytes]:
        while not self._dropped:
            if not self.queue and not self._more.wait(KEEPALIVE_INTERVAL):
                yield ALIVE
            self._more.clear()
            taken = [self.queue.popleft() for _ in range(min(MAX_BATCH, len(self.queue)))]
            if taken:
                yield b''.join(event('fault', one, one.id) if isinstance(one, Fault) else event('notice', one) for one in taken)
        yield event('dropped', {})
