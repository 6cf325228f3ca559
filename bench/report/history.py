"""What was measured when, kept as data: one line of a CSV file for each ratio. Knows its columns, and no contender."""
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..machine.described import ROOT
from . import Results

PATH = ROOT / 'docs' / 'reference' / 'bench-history.csv'
OURS = 'vaurien'    #: what the names of the rows begin with that are kept


class Entry(NamedTuple):
    """One ratio.

    Attributes:
        date: Of the run, as YYYY-MM-DD.
        version: Of vaurien.
        revision: The commit; empty: none was known.
        machine: See ``described.machine``.
        row: The measurement.
        figure: Which of its figures, with its unit.
        contender: Whose figure.
        beside: What it is divided by.
        ratio: The median of the ratios within each round.
        low, high: The ends of its interval; empty: there were too few rounds.
        rounds: How many.
        others: The processors that others used meanwhile.
    """

    date: str
    version: str
    revision: str
    machine: str
    row: str
    figure: str
    contender: str
    beside: str
    ratio: str
    low: str
    high: str
    rounds: str
    others: str


class Run(NamedTuple):
    """What the entries of one run have in common; see ``Entry``."""

    date: str
    version: str
    revision: str
    machine: str


def entries(results: Results, run: Run) -> Iterable[Entry]:
    """Report the ratios of our own rows, those to themselves left out."""
    for measurement in results.measurements:
        for name in results.names:
            if not name.startswith(OURS):
                continue
            for column in measurement.columns:
                key = (name, measurement.name, column.key)
                rounds = len(results.values.get(key, ()))
                used = results.others.get(key[:2]) or [0.0]
                for other in results.beside(measurement):
                    if other != name and (ratio := results.ratio(other, key)):
                        low, high = ('' if value is None else f'{value:.3f}' for value in ratio[1:])
                        yield Entry(*run, measurement.name, column.title, name, other, f'{ratio.middle:.3f}', low, high,
                                    str(rounds), f'{sum(used) / len(used):.2f}')


def keep(found: Iterable[Entry], path: Path = PATH) -> int:
    """Write entries behind those that are there, and return how many; the first ones get a line of titles above them."""
    lines = [list(entry) for entry in found]
    new = not path.exists()
    with path.open('a', newline='', encoding='utf-8') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerows([*([Entry._fields] if new else []), *lines])
    return len(lines)


def read(path: Path = PATH) -> Sequence[Entry]:
    """Return what is kept, oldest first.

    Raises:
        ValueError: A line has other columns; the message says which.
    """
    with path.open(newline='', encoding='utf-8') as file:
        titles, *lines = csv.reader(file)
    for number, line in enumerate([titles, *lines], 1):
        if len(line) != len(Entry._fields) or number == 1 and tuple(line) != Entry._fields:
            raise ValueError(f'{path.name}, line {number}: the columns are {", ".join(Entry._fields)}')
    return [Entry(*line) for line in lines]
