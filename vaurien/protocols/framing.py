"""How a stream is cut into messages: a framer finds them, and a cutter feeds it in any slicing. Knows no socket and no loop."""
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, ClassVar, Generic, Self, TypeVar

from ..errors import ProtocolError
from .base import BaseProtocol, Exchange

#: [bytes] that may be held back until a message can be named; beyond it the session is relayed unread. Twice what real
#: servers allow for headers or a line (nginx 32 KiB, Redis inline 64 KiB, memcached 2 KiB)
MAX_HELD_BYTES = 64 * 1024
#: [bytes] that a framer passes over before it reports them, though the message goes on: tens of thousands of rows, chunks or
#: words may have come at once, and a lane can let others have their turn only between two parts
MAX_PASSED_BYTES = 8 * 1024
#: [bytes] of the name of a request at most; a longer one is cut
MAX_NAME_BYTES = 4096

#: (end, exchange, done): the bytes up to data[end] belong to the message of this exchange, and the message is complete.
#: The exchange of a message that no request asked for is None: greetings, pushes, notices, padding.
Part = tuple[int, Exchange | None, bool]
#: (end, exchanges): the bytes up to data[end] are whole messages, as many as there are exchanges, and in their order
Run = tuple[int, Sequence[Exchange]]
NO_RUN: Run = (0, ())     #: there is none at the front: ``scan`` finds what there is
#: the class of the protocol object that a framer works for: ``MessageProtocol`` with the state that the framer knows of
P = TypeVar('P', bound=BaseProtocol)


class Framer(Generic[P]):
    """Finds the messages in one direction of a session.

    Attributes:
        protocol: The protocol object of the session; it keeps the state that both directions must know, and
            ``protocol.queue[0]`` is the exchange whose response comes next.
        rest: [bytes] to come that belong to the message under way and need not be read; they are forwarded unseen. Once they
            have passed, ``scan`` is called again, perhaps with no bytes at all, to report what follows.
        open: Whether a message is under way: the last part did not complete its message.
        owner: The exchange of that message; None: between messages, or in a message that no request asked for.
        exchange: The exchange under way: the owner of the latest message, until that is complete. It stays when a message
            that no request asked for comes in the middle, as a notice between the rows of a result.
        final: The sender has said that its latest message is its last one: nothing that vaurien makes itself may follow it.
        seen: [bytes] at the beginning of the data that the last scan has looked at, and could assign to nothing. What looks for
            the end of a message need not look at them again: where they come one by one, that would cost their square.

    Only ``Cutter`` writes ``open``, ``owner``, ``exchange`` and ``seen``. ``owner`` and ``exchange`` change after a part was
    handled: while a part is being handled they are those of the part before, and when ``scan`` goes on they are those of the part
    just yielded.
    """

    error = ''      #: the code of the last error in a response, where only its framer finds it; for those who record
    failed = False  #: the error holds for the requests after it too, until the framer says otherwise
    #: a run of requests may have some that are not answered (``UnansweredExchange``), or that nothing is drawn for (``undrawn``)
    mixed: ClassVar[bool] = False

    def __init__(self, protocol: P) -> None:
        self.protocol = protocol
        self.rest = self.seen = 0
        self.open = False
        self.owner: Exchange | None = None
        self.exchange: Exchange | None = None
        self.final = False

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        """Report the messages in ``data`` from ``start`` on, as far as they can be recognized.

        The bytes after the last part are given again at the next call, with more bytes after them. A part may complete a
        message or leave it open; as soon as a request can be named, all that has come of it is reported. What is passed over
        piece by piece is reported each ``MAX_PASSED_BYTES``.
        State may change only together with a part that is yielded.

        Raises:
            ProtocolError: The bytes after the last part, and all that come later, cannot be followed.
        """
        raise NotImplementedError

    def run(self, data: bytes, most: int) -> Run:
        """Pass over the plain messages at the front of ``data``, in one go; without one here everything works, and slower.

        A message is plain if it is whole, changes no state but what ``ran`` sees to, and is a request or the answer to one. Where
        one is anything else the run ends before it: ``scan`` is asked about that one and all after it. It is called only between
        messages, finds what ``scan`` would report, and changes nothing.

        Args:
            data: The bytes.
            most: How many messages at most.

        Returns:
            Of requests one ``SharedExchange`` for each: all those that are answered alike may have the same. Of responses the
            exchanges that they belong to: the first ones of ``protocol.queue``, which stay in it.
        """
        return NO_RUN

    def ran(self, data: bytes, end: int) -> None:
        """Record what a run changes that was passed on: whole messages, up to ``data[end]``; the same as ``scan`` had changed.

        Most need none: what they pass over changes nothing.
        """

    def apart(self) -> Self:
        """Return one like it, between two messages, with a protocol like its own: what it scans is not known here."""
        framer, protocol = copy(self), copy(self.protocol)
        vars(protocol).update({name: dict(value) for name, value in vars(protocol).items() if isinstance(value, dict)})
        framer.protocol, framer.open, framer.owner, framer.rest = protocol, False, None, 0
        return framer

    def end(self) -> bool:
        """Return whether the end of the stream completes the message under way."""
        return False


class Cutter:
    """Feeds a framer with a stream in any slicing, and holds the bytes that it cannot assign yet.

    Attributes:
        framer: The framer. Which exchange is under way, and whether a message is open, is known there.
        run, ran: Those of the framer; None: it has no ``ran`` of its own.
        data: The bytes that the offsets of the parts refer to: those held before, and the new ones.
        held: Bytes that no part has claimed yet; at most ``MAX_HELD_BYTES``.
        opaque_because: Why the framer cannot follow any more; empty: it can.
        clear: All that came before is cut to its end: no message is open and nothing is held, so that a run may begin. False
            says only that this is not sure.
    """

    __slots__ = ('framer', 'data', 'held', 'opaque_because', 'clear', 'run', 'ran')

    ran: Callable[[bytes, int], None] | None

    def __init__(self, framer: Framer[Any]) -> None:
        self.follow(framer)
        self.data = self.held = b''
        self.opaque_because = ''
        self.clear = True

    def follow(self, framer: Framer[P]) -> Framer[P]:
        """Let another framer read what comes from here on, and return it."""
        self.framer: Framer[Any] = framer
        self.run, self.ran = framer.run, None if type(framer).ran is Framer.ran else framer.ran
        return framer

    def cut(self, data: bytes) -> Iterator[Part]:
        """Report the parts of the bytes held and of ``data``; afterwards look at ``opaque_because`` and ``held``."""
        framer, start, self.clear = self.framer, 0, False
        framer.seen = len(self.held)
        if self.held:
            data, self.held = self.held + data, b''
        self.data = data
        if framer.rest:
            start = min(framer.rest, len(data))
            framer.rest -= start
            yield start, framer.owner, False
            if framer.rest:
                return
        try:
            parts = framer.scan(data, start)
            framer = self.framer    # it may have left the stream to another one
            under_way = framer.open or framer.exchange is not None
            for part in parts:
                start, exchange, done = part
                if done and not under_way:      # a whole message: nothing changes
                    yield part
                    continue
                framer.open = not done
                yield part
                framer.owner = None if done else exchange
                if exchange is not None:
                    framer.exchange = framer.owner
                under_way = not done or framer.exchange is not None
        except ProtocolError as error:
            self.give_up(str(error))
        if start < len(data):
            self.held = data[start:]
            if len(self.held) > MAX_HELD_BYTES and not self.opaque_because:
                self.give_up(f'no end of the headers of a message within {MAX_HELD_BYTES} bytes')
        self.clear = not (self.held or self.opaque_because or self.framer.open)

    def skipped(self, count: int) -> None:
        """Record that ``count`` bytes of ``framer.rest`` were forwarded unseen."""
        self.framer.rest -= count

    def ends(self) -> bool:
        """Return whether the end of the stream completes the message under way."""
        return self.framer.owner is not None and self.framer.open and self.framer.end()

    def end(self) -> Iterator[Part]:
        """Report the message under way as complete: the end of the stream completes it."""
        framer = self.framer
        framer.open = False
        yield 0, framer.owner, True
        framer.owner = framer.exchange = None

    def give_up(self, reason: str) -> None:
        """Follow no more; the bytes held belong to no message."""
        self.opaque_because, self.clear = self.opaque_because or reason, False
