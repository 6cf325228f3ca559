"""Holds the record of an exchange back until the last byte of its answer was written to the client's socket, since toxics and a
client that reads slowly are a part of how long it took. Knows a stream by the bytes that go through it, and no wire format.
"""
from collections import deque
from time import monotonic

from msgspec.structs import replace

from ...net.stream import Stream
from ...protocols.effects.words import Effects
from ...wire.chain import Chain
from .records import CUT, NO_ANSWER, Exchanged, Sink


class Deliveries:
    """The records of one session on their way to where records go.

    Args:
        sink: Where they go.
        client: The stream to the client.
        effects: What is known of the protocol's requests.

    Attributes:
        collecting: Answers are collected, and are written together when all of what was read has been handled.
    """

    __slots__ = ('_sink', '_client', '_effects', '_waiting', '_chain', '_draining', '_collected', 'collecting')

    def __init__(self, sink: Sink, client: Stream, effects: Effects) -> None:
        self._sink, self._client, self._effects = sink, client, effects
        self._waiting: deque[tuple[int, float, Exchanged]] | None = None    # few sessions have any
        self._chain: Chain | None = None
        self._draining = self.collecting = False
        self._collected: list[Exchanged] = []

    def exchanged(self, exchanged: Exchanged) -> None:
        """Hand a record on, now or when its answer has been written."""
        if self.collecting:
            self._collected.append(exchanged)
        else:
            self._hand_on(exchanged)

    def flushed(self) -> None:
        """Hand on the records of what was collected: it has been written as far as it goes."""
        self.collecting = False
        collected, self._collected = self._collected, []
        for exchanged in collected:
            self._hand_on(exchanged)

    def _hand_on(self, exchanged: Exchanged) -> None:
        client = self._client
        if client.through is None and client.backlog is None or not exchanged.received:
            return self._sink.exchanged(exchanged)
        handed = self._handed()
        if not self._waiting and client.taken >= handed:
            return self._sink.exchanged(exchanged)
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((handed, monotonic(), exchanged))
        return self._follow()

    def _handed(self) -> int:
        """Return how many bytes were handed to the stream so far: those that its socket took, and those that are on their way."""
        client = self._client
        return client.given + (client.through.under_way if isinstance(client.through, Chain) else 0)

    def _follow(self) -> None:
        """Have ``_look`` called whenever the socket has taken something."""
        client = self._client
        if client.backlog is not None and not self._draining:
            self._draining = True
            client.after_written(self._drained)
        if client.through is not self._chain:
            self._chain = client.through if isinstance(client.through, Chain) else None
            if self._chain is not None:
                self._chain.follow(self._look)

    def _drained(self) -> None:
        self._draining = False
        self._look()

    def _look(self) -> None:
        waiting, sent, now = self._waiting, self._client.taken, monotonic()
        while waiting and sent >= waiting[0][0]:
            _, since, exchanged = waiting.popleft()
            self._sink.exchanged(replace(exchanged, seconds=exchanged.seconds + now - since))
        if waiting:
            self._follow()

    def ended(self) -> None:
        """Hand on what waits: the session has ended, and what is not written by now never will be."""
        self.flushed()
        if self._waiting:
            self._look()
            waiting, self._waiting = self._waiting, None
            for _, since, exchanged in waiting:
                answer = NO_ANSWER if self._effects.ends(exchanged.name, exchanged.stage) else CUT
                self._sink.exchanged(replace(exchanged, answer=answer, code='', seconds=exchanged.seconds + monotonic() - since))
