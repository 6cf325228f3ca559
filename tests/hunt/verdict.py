"""Holds what one session got, and what its backend has kept, against what a server that failed as the journal says would have.

For protocols whose answers are told by their content and not by all their bytes. A model of the server makes an ``Outcome`` of
what was said; this file knows no protocol.
"""
from collections.abc import Sequence
from typing import Any

from .oracle import Seen, shown

#: how many characters of a request's name the journal has
NAMED = 256
#: how a connection ends by a fault: after the last answer; it stays open, and nothing more comes; at any moment
CLOSE, SILENCE, CUT = 'close', 'silence', 'cut'


class Outcome:
    """What comes of what a client has said.

    Attributes:
        answers: All answers, in order.
        must: So many of them arrive in any case.
        names: Of the requests that are drawn for, from the first exchange on.
        marks: By message, how many answers there are once it has been handled; the first entry is that of none.
        kept: By message, what the backend keeps if the connection ends after it; the first entry is that of none.
        end: How the connection ends by a fault; empty: the client ends it.
        garbled: The first answer that may have random bytes in it; None: there is none.
    """

    def __init__(self, kept: Any = ()) -> None:
        self.answers: list[Any] = []
        self.must = 0
        self.names: list[str] = []
        self.marks, self.kept = [0], [kept]
        self.end = ''
        self.garbled: int | None = None

    def flush(self) -> None:
        """Record that what was answered until now has left."""
        self.must = len(self.answers)

    def garble(self) -> None:
        """Record that random bytes come from here on."""
        if self.garbled is None:
            self.garbled = len(self.answers)

    def finish(self, how: str) -> None:
        """Record that the connection ends here."""
        self.end = how
        if how is CUT:
            self.must = 0

    def handled(self, kept: Any) -> None:
        """Record that one message more has been handled, and what is kept after it."""
        self.marks.append(len(self.answers))
        self.kept.append(kept)

    @property
    def clean(self) -> int:
        """How many answers have no random bytes in them."""
        return len(self.answers) if self.garbled is None else self.garbled


def judge(seen: Seen, came: Sequence[Any], outcome: Outcome, unread: bool = False) -> list[str]:
    """Return what is wrong with the answers of a session; empty: all is well, and complete.

    Args:
        seen: The session.
        came: The answers that came; the last one may be None, for bytes that are none.
        outcome: What was to come.
        unread: It may be relayed unread.
    """
    if seen.raised and not seen.spoilt:
        return [f'the client raised {seen.raised[0]}']
    if seen.unread and not (unread or seen.excused or seen.spoilt):
        return [f'the session was relayed unread: {seen.unread}']
    due = outcome.answers
    for at, answer in enumerate(came[:outcome.clean]):
        if answer != due[at]:
            return [f'answer {at} is {shown(answer)}, and was to be {shown(due[at])}']
    if len(came) > len(due) and outcome.garbled is None:
        return [f'answer {len(due)} is {shown(came[len(due)])}, and was to be none']
    return _misnamed(seen, outcome) or ([] if seen.excused or outcome.garbled is not None else _missing(seen, came, outcome))


def _misnamed(seen: Seen, outcome: Outcome) -> list[str]:
    """Each fault belongs to the request that it names."""
    for number, fault in seen.faults.items():
        if number > len(outcome.names):
            return [f'the journal has a fault for exchange {number} of {len(outcome.names)}: {fault}']
        if number and fault.request != outcome.names[number - 1][:NAMED]:
            return [f'exchange {number} is {outcome.names[number - 1][:NAMED]!r}, and {fault.request!r} in the journal']
    return []


def _missing(seen: Seen, came: Sequence[Any], outcome: Outcome) -> list[str]:
    """Each request is answered, or its connection has ended, or the journal says why not."""
    if outcome.end is SILENCE and seen.end == 'RST':
        return []   # so that nobody waits for it; what was on its way is lost
    if len(came) < outcome.must:
        missing = shown(outcome.answers[len(came)])
        return [f'{len(came)} of {outcome.must} answers came [{seen.end or "open"}]; the next is {missing}']
    if outcome.end is CLOSE and seen.end not in ('FIN', 'RST') and seen.left in ('', 'half') and not seen.plan.get('real'):
        return [f'the connection was to end [{seen.end or "open"}]']
    goodbye = seen.left == 'half' or seen.left and seen.plan.get('real')    # a library says it, and the server hangs up
    if not outcome.end and seen.end and not (seen.end == 'FIN' and goodbye):
        return [f'after all answers the connection has ended [{seen.end}]']
    return []


def possible(seen: Seen, came: int, outcome: Outcome) -> list[Any]:
    """Return what the backend may have kept: what some number of messages makes, no less than those that were answered.

    Args:
        seen: The session.
        came: How many answers have come.
        outcome: What was to come.
    """
    whole = not (seen.excused or outcome.end or outcome.garbled is not None) and came >= outcome.must
    if whole:
        return outcome.kept[-1:]
    answered = max(mark for mark in outcome.marks if mark <= min(came, outcome.clean))    # of messages answered to the end
    return outcome.kept[outcome.marks.index(answered):]
