"""Finds the events in the content of a stream, in any slicing, and writes events. Knows no headers and no failure.

Server-sent events are those of the HTML standard, section 9.2; of the others each line is an event, or each record (RFC 7464).
What only keeps a connection alive is no event: a comment, a block without data, an empty line, and an event called ``ping``.
"""
import re
from collections.abc import Collection
from typing import Any, Final, NamedTuple

SSE: Final = 'text/event-stream'
LINES: Final = frozenset((
    'application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonl', 'application/jsonlines',
    'application/x-jsonlines', 'application/json-lines', 'application/stream+json', 'application/x-json-stream',
    'text/x-ndjson', 'text/ndjson', 'text/jsonl'))
SEQUENCE: Final = 'application/json-seq'
#: what a content type ends with that is made of records (RFC 8091)
SEQUENCE_SUFFIX: Final = '+json-seq'
LINE_END: Final = re.compile(rb'\r\n|\r|\n')
FIELD_BYTES: Final = 16         #: [bytes] of a line that are kept, to know its field and whether that is a ping
MARK: Final = b'\xef\xbb\xbf'   #: may stand before the first line
PING: Final = (b'event:ping', b'event: ping')

#: a content type, as ``application/json``
TYPE: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+/[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def check_types(value: Any) -> str:
    """Return a text that has content types with commas between; it may be empty.

    Raises:
        ValueError: It has anything else.
    """
    if not isinstance(value, str) or (value.strip() and not all(TYPE.fullmatch(one.strip()) for one in value.split(','))):
        raise ValueError(value)
    return value.strip()


check_types.expected = 'content types such as application/json, with commas between'  # type: ignore[attr-defined]
check_types.metavar = 'TYPE,...'     # type: ignore[attr-defined]


class Event(NamedTuple):
    """An event to be written.

    Args:
        data: Its text; in a stream of lines it is the line. Several lines are several lines of data.
        name: Its type, which server-sent events alone can have; empty: none.
        as_it_is: ``data`` has the lines of the fields themselves, as ``data: {}``; in a stream of lines these are taken off.
    """

    data: str
    name: str = ''
    as_it_is: bool = False


class Events:
    """Lets so many events pass.

    Args:
        limit: How many.

    Attributes:
        left: How many are still to pass; 0: all that may have.
    """

    __slots__ = ('left',)

    def __init__(self, limit: int) -> None:
        self.left = limit

    def take(self, data: bytes, at: int, end: int) -> int:
        """Look at content, ``data[at:end]``, and return how many bytes of it pass: those up to the end of the last event."""
        start = at
        while self.left and at < end:
            at = self.find(data, at, end)
            if at < 0:
                return end - start
            self.left -= 1
        return at - start

    def find(self, data: bytes, at: int, end: int) -> int:
        """Return where the next event ends that ends in ``data[at:end]``; -1: none does, and all of that has been looked at."""
        raise NotImplementedError

    def written(self, event: Event) -> bytes:
        """Write an event."""
        raise NotImplementedError


class ServerSent(Events):
    """Server-sent events."""

    __slots__ = ('_line', '_has_data', '_ping', '_return', '_style', '_first')

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._line = b''        # the beginning of the line under way
        self._has_data = self._ping = False
        self._return = False    # the last byte was a carriage return, and a line feed may belong to it
        self._style = b''       # how the line before has ended
        self._first = True      # the line under way is the first one

    def find(self, data: bytes, at: int, end: int) -> int:
        if self._return and at < end:
            ended, self._return, self._line = self._line == b'\r', False, b''
            if data.startswith(b'\n', at, end):
                at, self._style = at + 1, b'\r\n'
            if ended:
                return at
        for found in LINE_END.finditer(data, at, end):
            line = self._line + data[at:min(found.start(), at + FIELD_BYTES - len(self._line))]
            at, style = found.end(), found[0]
            self._line, self._return = b'', style == b'\r' and at == end
            ended = self._ends(line)
            if ended and self._return and self._style != b'\r':
                self._line = b'\r'          # its line feed may be still to come
                return -1
            self._style = style
            if ended:
                return at
        self._line += data[at:min(end, at + FIELD_BYTES - len(self._line))]
        return -1

    def _ends(self, line: bytes) -> bool:
        """Take a line; return whether it ends an event."""
        if self._first:
            self._first, line = False, line.removeprefix(MARK)
        if line:
            self._has_data = self._has_data or line == b'data' or line.startswith(b'data:')
            self._ping = line in PING or self._ping and not line.startswith(b'event')
            return False
        ended = self._has_data and not self._ping
        self._has_data = self._ping = False
        return ended

    def written(self, event: Event) -> bytes:
        if event.as_it_is:
            return event.data.encode() + b'\n\n'
        lines = [f'data: {line}' for line in event.data.split('\n')]
        return '\n'.join([*([f'event: {event.name}'] if event.name else []), *lines, '', '']).encode()


class Lines(Events):
    """Lines, or records that end with their line."""

    __slots__ = ('_filled', '_before')

    def __init__(self, limit: int, before: bytes = b'') -> None:
        super().__init__(limit)
        self._filled, self._before = False, before

    def find(self, data: bytes, at: int, end: int) -> int:
        while (found := data.find(b'\n', at, end)) >= 0:
            filled, self._filled = self._filled or bool(data[at:found].strip(b' \t\r\x1e')), False
            at = found + 1
            if filled:
                return at
        self._filled = self._filled or bool(data[at:end].strip(b' \t\r\x1e'))
        return -1

    def written(self, event: Event) -> bytes:
        lines = event.data.split('\n')
        if event.as_it_is:
            lines = [line[5:].strip() for line in lines if line.startswith('data:')]
        return self._before + '\n'.join(lines).encode() + b'\n'


def events_of(content_type: str, limit: int, lines: Collection[str] = ()) -> Events | None:
    """Return what lets so many events of a response pass; None: its content is no stream of events.

    Args:
        content_type: Its Content-Type, with or without parameters.
        limit: How many.
        lines: Further types of which each line is an event, in lower case.
    """
    kind = content_type.partition(';')[0].strip().lower()
    if kind == SSE:
        return ServerSent(limit)
    if kind in LINES or kind in lines:
        return Lines(limit)
    return Lines(limit, b'\x1e') if kind == SEQUENCE or kind.endswith(SEQUENCE_SUFFIX) else None
