"""What vaurienctl's results look like to a person. Knows the words of ``/v1``, no command and no server."""
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..words.console import escaped

Row = Mapping[str, Any]
GAP = '  '      #: between two columns
CUT = '…'       #: where a text goes on that has no room
MIN_WIDTH = 8   #: [characters] that a column keeps where there is no room


class Column(NamedTuple):
    """A column of a table.

    Args:
        title: Its heading.
        value: Makes its text of a row; or the key of the row.
        right: Whether it is a number, which stands at the right.
        width: Characters that it has at least; where rows are written before the next one is known, the width of most.
    """

    title: str
    value: 'Callable[[Row], Any] | str'
    right: bool = False
    width: int = 0

    def text(self, row: Row) -> str:
        """Write the value of a row."""
        value = self.value(row) if callable(self.value) else row[self.value]
        return escaped(str(value))


def size(count: float) -> str:
    """Write a number of bytes in at most three digits and a unit."""
    for unit in ('B', 'kB', 'MB', 'GB'):
        if count < 999.5:
            return f'{count:.3g} {unit}'
        count /= 1000
    return f'{count:,.0f} TB'


def rate(value: float) -> str:
    """Write how often something happens a second."""
    return f'{value:.1f}' if value < 100 else f'{value:.0f}'


def clock(seconds: float) -> str:
    """Write a time of day, with milliseconds."""
    return time.strftime('%H:%M:%S', time.localtime(seconds)) + f'.{int(seconds * 1000) % 1000:03d}'


def state(proxy: Row) -> str:
    """Return whether a proxy listens, in words."""
    return 'enabled' if proxy['enabled'] else 'disabled'


def toxics(proxy: Row) -> str:
    """Return what the toxics of a proxy are called."""
    return ','.join(toxic['name'] for toxic in proxy['toxics']) or '-'


def places(where: Sequence[Row]) -> str:
    """Write where an entry of the plan was applied last: session and exchange."""
    return f'{where[-1]["proxy"]} #{where[-1]["session"]}.{where[-1]["exchange"]}' if where else '-'


PROXIES = (
    Column('NAME', 'name'), Column('ADDRESS', 'address'), Column('BACKEND', 'backend'), Column('PROTOCOL', 'protocol'),
    Column('BEHAVIOR', 'behavior'), Column('TOXICS', toxics), Column('STATE', state),
    Column('SESSIONS', lambda proxy: proxy['stats']['sessions'], True),
)
SESSIONS = (
    Column('NUMBER', 'number', True), Column('CLIENT', 'client'), Column('BACKEND', 'backend'),
    Column('AGE', lambda row: f'{row["age"]:.1f} s', True), Column('FROM CLIENT', lambda row: size(row['from_client']), True),
    Column('FROM BACKEND', lambda row: size(row['from_backend']), True), Column('EXCHANGES', 'exchanges', True),
    Column('BEHAVIOR', 'behavior'), Column('REQUEST', 'request'),
)
TOXICS = (
    Column('NAME', 'name'), Column('TYPE', 'type'), Column('STREAM', 'stream'),
    Column('TOXICITY', lambda row: f'{row["toxicity"]:g}', True),
    Column('ATTRIBUTES', lambda row: ' '.join(f'{name}={word(value)}' for name, value in row['attributes'].items())),
)
PLAN = (
    Column('ID', 'id', True), Column('FAULT', 'text'), Column('MATCHED', 'matched', True), Column('APPLIED', 'applied', True),
    Column('WHERE', lambda row: places(row['where'])), Column('WHY NOT', 'reason'),
)
FAULTS = (
    Column('ID', 'id', True, 6), Column('TIME', lambda row: clock(row['time']), width=12), Column('PROXY', 'proxy', width=12),
    Column('SESSION', 'session', True), Column('EXCHANGE', 'exchange', True), Column('BEHAVIOR', 'behavior', width=10),
    Column('KIND', 'kind', width=14), Column('REQUEST', 'request'),
)
TOP = (
    Column('PROXY', 'proxy'), Column('SESSIONS', 'sessions', True),
    Column('EXCHANGES/S', lambda row: rate(row['exchanges']), True),
    Column('BYTES/S', lambda row: size(row['bytes']), True), Column('FAULTS/S', lambda row: rate(row['faults']), True),
)
BUSY = (
    Column('SHARE', lambda row: f'{row["share"]:.1%}', True), Column('SECONDS', lambda row: f'{row["seconds"]:.2f}', True),
    Column('WHAT', 'what'), Column('PROXY', lambda row: row['proxy'] or '-'),
    Column('PROTOCOL', lambda row: row['protocol'] or '-'),
)


def table(columns: Sequence[Column], rows: Iterable[Row], width: int = 0) -> str:
    """Write rows under their headings, aligned.

    Args:
        columns: What is shown of a row.
        rows: The rows.
        width: What there is room for [characters]; the widest texts are cut. 0: there is no end.
    """
    texts = [headings(columns), *([column.text(row) for column in columns] for row in rows)]
    widths = fitted(columns, [max(map(len, texts_of)) for texts_of in zip(*texts, strict=True)], width)
    return '\n'.join(aligned(columns, texts_of, widths) for texts_of in texts)


def line(columns: Sequence[Column], row: Row | None, width: int = 0) -> str:
    """Write one row of a table whose other rows are not known; None: the headings. The last column has what room is left."""
    texts = headings(columns) if row is None else [column.text(row) for column in columns]
    written = aligned(columns, texts, [max(column.width, len(column.title), len(text))
                                       for column, text in zip(columns, texts, strict=True)])
    return cut(written, width) if width else written


def fitted(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Return how wide columns are where there is room for ``width`` characters: numbers stay whole, the widest text gives way."""
    found = list(widths)
    while width and sum(found) + len(GAP) * (len(found) - 1) > width:
        candidates = [at for at, column in enumerate(columns) if not column.right and found[at] > MIN_WIDTH]
        if not candidates:
            break
        found[max(candidates, key=found.__getitem__)] -= 1
    return found


def cut(text: str, width: int) -> str:
    """Return a text that is at most so wide."""
    return text if len(text) <= width else text[:width - 1] + CUT


def headings(columns: Sequence[Column]) -> list[str]:
    return [column.title for column in columns]


def aligned(columns: Sequence[Column], texts: Sequence[str], widths: Sequence[int]) -> str:
    cells = (text.rjust(width) if column.right else cut(text, width).ljust(width)
             for column, text, width in zip(columns, texts, widths, strict=True))
    return GAP.join(cells).rstrip()


def listing(values: Row) -> str:
    """Write what there is under names, one a line; what is nested has a name of several parts, what is empty is left out."""
    pairs = list(flat(values))
    width = max((len(name) for name, _ in pairs), default=0)
    return '\n'.join(f'{name.ljust(width)}{GAP}{escaped(text)}' for name, text in pairs)


def flat(values: Row, prefix: str = '') -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f'{prefix}{name}.')
        elif isinstance(value, list):
            for number, item in enumerate(value, 1):
                yield f'{prefix}{name}.{number}', words(item)
        else:
            yield prefix + name, word(value)


def words(value: Any) -> str:
    """Write an item of a list in one line."""
    if not isinstance(value, Mapping):
        return word(value)
    return ' '.join(f'{name}={words(item)}' for name, item in value.items() if item not in ('', {}, []))


def word(value: Any) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    return '-' if value is None or value == '' else str(value)
