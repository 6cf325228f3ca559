"""Holds what a client got against what it had to get, byte for byte. Knows no wire format: an answer knows how it looks."""
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

#: of an answer that begins at some place: it goes on after what has come; it is not this one
MORE, OTHER = -1, -2
#: [bytes] that ``inject`` puts into an answer
JUNK = 100


class Fault(NamedTuple):
    """One entry of the journal.

    Args:
        behavior: What was drawn.
        kind: Which error; ``inject`` where the answer was spoilt; empty for behaviors without kinds.
        request: The name of the request.
    """

    behavior: str
    kind: str
    request: str


@dataclass
class Seen:
    """What was seen of one session.

    Args:
        number: Its number in the schedule.
        plan: How it was opened, the move of the schedule.
        port: The client's own port; by it the host knows the session.
        asked: What was asked, in order.
        got: All bytes that came.
        end: How the connection ended before we left: ``FIN``, ``RST``, ``silent`` (nothing came for too long); empty: it did not.
        left: How we left; empty: we have not.
        heard: How many of its requests were asked before it last heard all answers.
        cut: Something was done that may have ended the session, or lost bytes of it: a kill, a toxic that loses bytes; or vaurien
            has reset it and said why.
        raised: What a real client raised that it should not.
        faults: What the journal says of it, by the number of the exchange; 0 is the opening.
        unread: Why the session was relayed unread from some byte on; empty: it was not.
    """

    number: int
    plan: dict[str, Any]
    port: int = 0
    asked: list[Any] = field(default_factory=list)
    got: bytes = b''
    end: str = ''
    left: str = ''
    heard: int = 0
    cut: bool = False
    raised: list[str] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    unread: str = ''

    @property
    def summary(self) -> str:
        """What has happened to it, in short."""
        faults = ', '.join(f'{number} {fault.behavior} {fault.kind}'.strip() for number, fault in sorted(self.faults.items()))
        unread = f'; unread: {self.unread}' if self.unread else ''
        cut = ', cut' if self.cut else ''
        return f'{len(self.asked)} asked, {self.heard} heard, left: {self.left or "no"}{cut}; faults: {faults or "none"}{unread}'

    @property
    def spoilt(self) -> bool:
        """Whether random bytes were put into an answer, or in its place."""
        return any(fault.kind in ('inject', 'random-bytes') for fault in self.faults.values())

    @property
    def dripping(self) -> bool:
        """Whether an answer came byte by byte: that it is content with what has come may be found out between two of them."""
        return any(fault.kind == 'slow-headers' for fault in self.faults.values())

    @property
    def settled(self) -> bool:
        """Whether the backend has got all that was asked and not failed, and has had the time to carry it out."""
        ended = any(fault.behavior in ('blackout', 'abort') for fault in self.faults.values())
        return self.left == 'half' and not self.cut and not ended

    @property
    def excused(self) -> bool:
        """Whether answers may be missing at the end, for what we did."""
        return self.cut or self.left in ('close', 'reset') and self.heard < len(self.asked)


class Looks(Protocol):
    """How an answer looks."""

    def at(self, got: bytes, start: int) -> int:
        """Return where the answer that begins at ``start`` ends, or ``MORE``, or ``OTHER``."""

    def find(self, got: bytes, start: int) -> int:
        """Return where the first such answer after ``start`` ends, wherever it begins; ``OTHER``: there is none."""


class Exactly(NamedTuple):
    """An answer of which every byte is known."""

    data: bytes

    def at(self, got: bytes, start: int) -> int:
        if got.startswith(self.data, start):
            return start + len(self.data)
        return MORE if self.data.startswith(got[start:start + len(self.data)]) else OTHER

    def find(self, got: bytes, start: int) -> int:
        found = got.find(self.data, start)
        return found + len(self.data) if found >= 0 else OTHER


class Line(NamedTuple):
    """A line, CRLF included, that matches a regular expression."""

    pattern: bytes

    def at(self, got: bytes, start: int) -> int:
        end = got.find(b'\r\n', start) + 2
        if end < 2:
            return MORE
        return end if re.fullmatch(self.pattern, got[start:end - 2]) else OTHER

    def find(self, got: bytes, start: int) -> int:
        found = re.compile(self.pattern + b'\r\n').search(got, start)
        return found.end() if found else OTHER


class Spoilt(NamedTuple):
    """A known answer with ``JUNK`` bytes more somewhere in it."""

    data: bytes

    def at(self, got: bytes, start: int) -> int:
        piece = got[start:start + len(self.data) + JUNK]
        if len(piece) < len(self.data) + JUNK:
            return MORE
        before = common(piece, self.data)
        after = common(piece[::-1], self.data[::-1])
        return start + len(piece) if before + after >= len(self.data) else OTHER

    def find(self, got: bytes, start: int) -> int:
        return start


def common(one: bytes, two: bytes) -> int:
    """Return how many bytes two texts begin with in common."""
    return next((at for at, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), min(len(one), len(two)))


class Answer(NamedTuple):
    """What has to come for one request.

    Args:
        ask: The request, for the message.
        looks: How its answer looks; None: there is none.
        then: What follows it. Empty: the connection goes on. ``close``: FIN. ``reset``: RST, by which answers may be lost.
            ``silence``: nothing more is answered. ``gone``: the connection ends at once, answers before this one may be lost too.
            ``opaque``: other bytes come, among which the answers after this one are looked for.
        own: The backend has no part in it.
    """

    ask: Any
    looks: Looks | None
    then: str = ''
    own: bool = False


class Verdict(NamedTuple):
    """What an oracle found.

    Args:
        wrong: What must not have happened; empty: all is well.
        answered: How many requests there are up to the last one of which the backend's answer has come.
    """

    wrong: list[str]
    answered: int


def hold(seen: Seen, answers: Sequence[Answer], unasked: Callable[[bytes, int], int] = lambda got, start: start) -> Verdict:
    """Hold all that came against the answers that had to come, in order.

    Args:
        seen: The session.
        answers: What had to come.
        unasked: Given the bytes and an offset, returns the offset after messages there that no request asked for.
    """
    got, at, loose, then, answered = seen.got, unasked(seen.got, 0), False, '', 0
    excused = seen.excused or any(answer.then in ('gone', 'reset') for answer in answers)
    for number, answer in enumerate(answers):
        if answer.looks is not None:
            end = answer.looks.find(got, at) if loose else answer.looks.at(got, at)
            if end in (MORE, OTHER):
                missing = end == MORE or loose
                if missing and excused:
                    return Verdict([], answered)
                what = 'has no answer' if missing else 'has another answer'
                return Verdict([f'request {number + 1} {shown(answer.ask)} {what}: {shown(got[at:])}, expected '
                                f'{shown(answer.looks)} [{seen.end or "open"}]'], answered)
            at, answered = end if loose else unasked(got, end), answered if answer.own else number + 1
        then = answer.then
        loose = loose or then == 'opaque'
        if then in ('close', 'reset', 'silence', 'gone'):
            break
    return Verdict(rest(seen, got[at:] if not loose else b'', then, excused), answered)


def rest(seen: Seen, data: bytes, then: str, excused: bool) -> list[str]:
    """Return what is wrong after the last answer."""
    if data:
        return [f'bytes after the last answer: {shown(data)}']
    ends = {'close': ('FIN',), 'reset': ('RST',), 'silence': ('FIN', 'RST')}.get(then, ('FIN',) if seen.left == 'half' else ())
    if seen.end and seen.end not in ends and not excused:
        return [f'after all answers the connection has ended: {seen.end}']
    return []


def shown(value: object) -> str:
    """Return something as text that is not too long."""
    text = repr(value)
    return text if len(text) <= 200 else f'{text[:120]}...{text[-60:]} ({len(text)})'
