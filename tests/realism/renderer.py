"""Writes the tables: a page of the docs for each protocol, and lines for a terminal. Knows rows, and runs none."""
from collections.abc import Sequence
from pathlib import Path

from .rows import Row

DOCS = Path(__file__).parent.parent.parent / 'docs' / 'realism'
HEADS = 'kind', 'client', 'it did', 'what it met', 'afterwards it works on', 'the server itself fails so when'
NARROW = 4      #: how many of these columns are printed on a terminal


def cells(row: Row) -> tuple[str, ...]:
    """Return a row's cells as text."""
    return row.kind, row.client.name, row.did, row.outcome, row.afterwards, row.how


def page(name: str, rows: Sequence[Row], protocol: str) -> str:
    """Write the page of some rows in reStructuredText; tests hold that it says what real clients raise."""
    title = f'What clients of {name} meet'
    intro = f"""\
Each row was met by a real client through vaurien, in front of a real server, with ``--protocol {protocol}`` and
``--behavior-error-kind`` as in the first column. The last column says how the server itself was made to fail; the client
then met the same."""
    table = ['.. list-table::', '   :header-rows: 1', '   :class: realism', '']
    for texts in (HEADS, *(_marked(row) for row in rows)):
        table += [f'   {"*" if not place else " "} - {text}'.rstrip() for place, text in enumerate(texts)]
    return '\n'.join([title, '=' * len(title), '', intro, '', *table, ''])


def _marked(row: Row) -> tuple[str, ...]:
    kind, client, did, outcome, *rest = cells(row)
    return f'``{kind}``', client, did, f'``{outcome}``', *rest


def path(name: str) -> Path:
    """Return where the page of a protocol belongs."""
    return DOCS / f'{name}.rst'


def lines(rows: Sequence[Row]) -> list[str]:
    """Write rows for a terminal, in columns."""
    texts = [cells(row)[:NARROW] for row in rows]
    widths = [max(len(column) for column in columns) for columns in zip(*texts, strict=True)]
    return ['  '.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in texts]
