"""Protocols that know requests. Bytes only: this file and those built on it touch no socket and no event loop.

A protocol file gives two framers, a table of errors and their builders; this file gives what they have in common: cutting
a stream into messages in any slicing, pairing answers with requests in order, and the words for a failure.
"""
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from ..errors import ProtocolError
from .base import COMMON, BaseProtocol, Behavior, Exchange

#: [bytes] that may be held back until a message can be named; beyond it the session is relayed unread. Twice what real
#: servers allow for a head (nginx 32 KiB, Redis inline 64 KiB, memcached 2 KiB)
MAX_HELD_BYTES = 64 * 1024
#: requests that may wait for their answers; beyond it the session is relayed unread. Holding the client back instead would
#: deadlock one that reads no answer before it has sent everything
MAX_UNANSWERED = 100_000
#: [bytes] of a request that its name is taken from at most
MAX_NAME_BYTES = 4096

#: (end, exchange, done): the bytes up to data[end] belong to the message of this exchange, and the message is complete.
#: The exchange is None for what no request asked for: greetings, pushes, notices, padding.
Part = tuple[int, Exchange | None, bool]
#: the class of the protocol object that a framer works for, as far as the framer knows it
P = TypeVar('P', bound='MessageProtocol')


class Framer(Generic[P]):
    """Finds the messages in one direction of a session.

    Attributes:
        protocol: The protocol object of the session; what both directions must know is kept there, and
            ``protocol.queue[0]`` is the exchange whose answer comes next.
        rest: Bytes to come that belong to the message under way and need not be looked at; they are forwarded unseen.
            Once they have passed, ``scan`` is called again, perhaps with no bytes at all, to say what follows.
        exchange: The exchange of the message under way; None: between messages, or a message that nothing asked for. Like
            ``open`` it is written by ``Cutter`` alone: it follows once the part was handled, so that whoever handles a part
            still sees the exchange of the part before, and ``scan`` sees its own when it goes on.
        open: A message is under way.
    """

    def __init__(self, protocol: P) -> None:
        self.protocol = protocol
        self.rest = 0
        self.exchange: Exchange | None = None
        self.open = False

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        """Report the messages in ``data`` from ``start`` on, as far as they can be told.

        What is left after the last part is given again, with more bytes behind it, at the next call. A part may end a
        message or leave it open; as soon as the request can be named, what is there of it is reported.
        State may change only together with a part that is yielded.

        Raises:
            ProtocolError: The bytes after the last part, and all that follow, cannot be followed.
        """
        raise NotImplementedError

    def whole(self, data: bytes) -> Exchange | None:
        """Return the exchange of ``data`` where that is exactly one message and nothing unusual.

        A short cut for the common case, only taken between messages. It says what ``scan`` would say, and changes nothing.
        """
        return None

    def end(self) -> bool:
        """Say whether the end of the stream completes the message under way."""
        return False


class Cutter:
    """Feeds a framer in any slicing, and holds what it cannot tell yet.

    Attributes:
        data: The bytes that the offsets of the parts refer to: those held before, and the new ones.
        held: Bytes that no part has claimed yet; at most ``MAX_HELD_BYTES``.
        opaque_because: Why the framer cannot follow any more; empty: it can.
    """

    __slots__ = ('framer', 'data', 'held', 'opaque_because', 'whole')

    def __init__(self, framer: Framer[Any]) -> None:
        self.framer: Framer[Any] = framer
        self.whole = framer.whole
        self.data = self.held = b''
        self.opaque_because = ''

    def follow(self, framer: Framer[P]) -> Framer[P]:
        """Let another framer read what comes from here on, and return it."""
        self.framer, self.whole = framer, framer.whole
        return framer

    def cut(self, data: bytes) -> Iterator[Part]:
        """Report the parts of what was held and of ``data``. When it is through, look at ``opaque_because`` and ``held``."""
        framer, start = self.framer, 0
        if self.held:
            data, self.held = self.held + data, b''
        self.data = data
        if framer.rest:
            start = min(framer.rest, len(data))
            framer.rest -= start
            yield start, framer.exchange, False
            if framer.rest:
                return
        try:
            parts = framer.scan(data, start)
            framer = self.framer    # another one may have taken its place
            for part in parts:
                start, exchange, done = part
                framer.open = not done
                yield part
                framer.exchange = None if done else exchange
        except ProtocolError as error:
            self.give_up(str(error))
        if start < len(data):
            self.held = data[start:]
            if len(self.held) > MAX_HELD_BYTES and not self.opaque_because:
                self.give_up(f'no end of a message head within {MAX_HELD_BYTES} bytes')

    def skipped(self, count: int) -> None:
        """Take note that ``count`` bytes of ``framer.rest`` were forwarded unseen."""
        self.framer.rest -= count

    def ends(self) -> bool:
        """Return whether the end of the stream completes the message under way."""
        return self.framer.exchange is not None and self.framer.open and self.framer.end()

    def end(self) -> Iterator[Part]:
        """Report the message under way as complete: the end of the stream completes it."""
        framer = self.framer
        framer.open = False
        yield 0, framer.exchange, True
        framer.exchange = None

    def give_up(self, reason: str) -> None:
        """Follow no more; what is held belongs to nobody."""
        self.opaque_because = self.opaque_because or reason


class Failure(NamedTuple):
    """What happens in place of a request and its answer.

    Args:
        reply: What the client gets in place of the answer, in its turn; empty: nothing.
        request: What the backend gets in place of the request. Empty: nothing. Bytes: a stand-in that keeps the backend's
            state right; its answer is dropped and ``reply`` leaves when that is complete. None: the request itself,
            and its answer is dropped likewise.
        end: What follows the reply. Empty: the session goes on. ``close``: FIN. ``reset``: RST. ``silence``: the
            connection stays open and nothing more is answered.
        pause: Seconds between two bytes of the reply; 0: it leaves at once.
    """

    reply: bytes = b''
    request: bytes | None = b''
    end: str = ''
    pause: float = 0.0


class FailureKind(NamedTuple):
    """One failure that a kind of server really has.

    Args:
        description: When the server fails like this and what its client meets; one sentence, it fills the docs.
        stages: The stages of an exchange at which the real server has it. ``connect`` is the opening of the connection,
            before any request.
        build: Makes the failure for an exchange.
    """

    description: str
    stages: tuple[str, ...]
    build: Callable[[Any, Exchange], Failure]


class MessageProtocol(BaseProtocol):
    """A protocol that knows where requests and answers begin and end.

    A subclass gives ``framers`` (for requests, for answers) and ``errors``; it may override ``fits`` and ``edit``.
    """

    options: ClassVar[Mapping[str, Any]] = {**COMMON, 'keep_alive': COMMON['keep_alive']._replace(default=True)}
    duplex = inline = True
    framers: ClassVar[tuple[Callable[[Any], Framer[Any]], Callable[[Any], Framer[Any]]]]
    errors: ClassVar[Mapping[str, FailureKind]] = {}
    #: the stages of what is no request of its own but a step on the way to one; nothing is drawn for them
    undrawn: ClassVar[Collection[str]] = ()

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        #: the exchanges that are not answered yet, oldest first; the first one is always the backend's to answer
        self.queue: deque[Exchange] = deque()
        self.request_cutter, self.response_cutter = (Cutter(make(self)) for make in self.framers)
        #: a failure that was drawn where it did not fit and waits for the next exchange where it does; '' is any kind
        self.owed: tuple[Behavior, str] | None = None
        #: whether heads are changed on their way, by ``edit``
        self.editing = False

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Return whether the real server could fail with this kind at this exchange."""
        return exchange.expects and exchange.stage in self.errors[kind].stages

    def edit(self, exchange: Exchange, head: bytes, to_backend: bool) -> bytes:
        """Return the first part of a message as it should leave; called only where ``editing`` is True."""
        return head

    def asked(self, exchange: Exchange) -> None:
        """Record that a request has begun to leave, or was answered by vaurien."""
        if exchange.expects:
            self.queue.append(exchange)

    def answered(self, exchange: Exchange) -> None:
        """Record that the backend has answered an exchange to the end."""
        if self.queue and self.queue[0] is exchange:
            self.queue.popleft()

    def reusable(self) -> bool:
        """Return whether the backend connection is as good as new: nothing in flight, no state of this client on it."""
        asking, answering = self.request_cutter, self.response_cutter
        in_step = not asking.opaque_because and not answering.opaque_because
        return in_step and not self.queue and not asking.held and not asking.framer.open

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        data = source.recv()
        if data:
            dest.sendall(data)
        return bool(data)

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        exchange = self.exchange(True)
        chosen = self._choose(exchange, kind)
        if chosen is None:
            self.owed = exchange.drawn, kind or ''
            return True
        self.owed = None
        exchange.kind = chosen
        exchange.failure = self.errors[chosen].build(self, exchange)
        self.session.injected(exchange, chosen)
        return exchange.failure.request is None

    def hang(self) -> None:
        self.exchange(True).failure = Failure(end='silence')    # in its turn: what was asked before is answered

    def _choose(self, exchange: Exchange, kind: str | None) -> str | None:
        """Return the kind to fail with, None where the real server has none here."""
        if kind:
            return kind if self.fits(kind, exchange) else None
        fitting = [name for name in self.errors if self.fits(name, exchange)]
        return self.session.random.choice(fitting) if fitting else None

    def owes(self, exchange: Exchange) -> Behavior | None:
        """Return the behavior whose failure waits for an exchange like this one; None: there is none."""
        if self.owed is None or not any(self.fits(kind, exchange) for kind in self.owed_kinds()):
            return None
        return self.owed[0] if self.wanted(self.owed[0], exchange) else None

    def wanted(self, behavior: Behavior, exchange: Exchange) -> bool:
        """Return whether a behavior whose failure waits is meant for a request of this name."""
        return behavior.match is None or behavior.match.search(exchange.name) is not None

    def owed_kinds(self) -> Collection[str]:
        """Return the kinds that the failure which waits may be of."""
        assert self.owed is not None
        return (self.owed[1],) if self.owed[1] else self.errors
