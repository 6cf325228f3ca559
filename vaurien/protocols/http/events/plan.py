"""What happens to a stream of events, as a row of a table says it, and how far one stream has come with it. Knows no framing."""
from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from .formats import Event, Events, events_of

#: How a stream ends after what is said: properly, as if that were all; in the middle of the message; by a reset; not at all,
#: in silence; or it does not: the backend's own events go on
CLEAN, CUT, RESET, STALL, ON = ENDS = ('clean', 'cut', 'reset', 'stall', 'on')
#: codings of content that are no coding
PLAIN: Final = ('', 'identity')
SUCCESSES: Final = range(200, 300)
#: what finds the events in a response of a content type, as ``events_of`` does; None: it is no stream of them
Reads = Callable[[str, int, Collection[str]], Events | None]


class StreamFault(NamedTuple):
    """What happens to a stream of events.

    Args:
        end: How it ends: one of ``ENDS``.
        says: What is said after the events that pass, and before the end.
        after: How many events pass first; None: as many as the option ``stream_after`` says.
        rate: [events/s] that pass after those; 0: they pass as they come. For ``ON`` alone.
        types: Further content types of which each line is an event, in lower case, beside those of the option ``stream_types``.
        reads: What finds the events.
    """

    end: str = CLEAN
    says: tuple[Event, ...] = ()
    after: int | None = None
    rate: float = 0.0
    types: tuple[str, ...] = ()
    reads: Reads = events_of

    @property
    def reframes(self) -> bool:
        """Whether a client that was told how long the response is gets another length."""
        return bool(self.says) or self.end == CLEAN


class Flow:
    """One stream to which a fault happens.

    Args:
        fault: The fault; ``after`` is a number.
        events: Counts the events that pass first.

    Attributes:
        said: The bytes that are said after them.
    """

    __slots__ = ('fault', 'said', '_events')

    def __init__(self, fault: StreamFault, events: Events) -> None:
        self.fault, self._events = fault, events
        self.said = b''.join(map(events.written, fault.says))

    @property
    def reached(self) -> bool:
        """Whether all events have passed that pass first."""
        return not self._events.left

    def take(self, data: bytes, at: int, end: int) -> int:
        """Look at content, ``data[at:end]``; return how many bytes of it pass before the fault comes, all where it does not."""
        return self._events.take(data, at, end)

    def next_end(self, data: bytes, at: int, end: int) -> int:
        """Return where the next event ends, once the first ones have passed; -1: it does not end in ``data[at:end]``."""
        return self._events.find(data, at, end)


def spared(fault: StreamFault, status: int, content_type: str, coding: str) -> str:
    """Return why nothing happens to a response; empty: it is a stream of events.

    Args:
        fault: What is to happen to streams.
        status: Its status.
        content_type: Its Content-Type; empty: it says none.
        coding: Its Content-Encoding; empty: none.
    """
    if status not in SUCCESSES:
        return f'its status is {status}'
    if fault.reads(content_type, 0, fault.types) is None:
        return f'it is no stream of events, but {content_type or "of no type"}'
    return '' if coding.strip().lower() in PLAIN else f'its events are compressed with {coding}'


def flow_of(fault: StreamFault, content_type: str) -> Flow:
    """Return what happens to a stream of events of this type."""
    events = fault.reads(content_type, fault.after or 0, fault.types)
    assert events is not None
    return Flow(fault, events)
