"""From figures to what is read: medians, ratios with intervals, a table, JSON, CSV. Knows nothing of how they came about."""
import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ..machine import described
from ..machine.quiet import LOUD
from ..measurements import Column, Measurement
from . import intervals

Key = tuple[str, str, str]          # contender, measurement, column


class Results(NamedTuple):
    """The figures of all rounds.

    Attributes:
        measurements: The groups of columns.
        names: The rows.
        references: The rows that ratios are to.
        values: By row, group and column one figure a round, in the column's unit; None where that run failed.
        others: By row and group the processors that others used meanwhile, one number a round.
    """

    measurements: Sequence[Measurement]
    names: Sequence[str]
    references: Sequence[str]
    values: dict[Key, list[float | None]]
    others: dict[tuple[str, str], list[float]]

    def beside(self, measurement: Measurement) -> Sequence[str]:
        """Return the rows that ratios of a group are to: those of all groups that have a figure there, where it names none."""
        there = [name for name in self.references if any(key[:2] == (name, measurement.name) for key in self.values)]
        return measurement.beside or there

    def middle(self, key: Key) -> float | None:
        """Return the median over the rounds; None: there is no figure."""
        return _median(self.values.get(key, ()))

    def ratio(self, reference: str, key: Key) -> intervals.Ratio | None:
        """Return the ratio to another row, round by round; None: there is none."""
        return intervals.ratio(self.values.get(key, ()), self.values.get((reference, *key[1:]), ()))

    def disturbed(self, name: str, group: str) -> bool:
        """Return whether others used so much of the machine that the figures of a row are marked."""
        return (_median(self.others.get((name, group), ())) or 0.0) > LOUD


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def table(results: Results) -> str:
    """Return the medians as tables of text, each group with the ratios to the references beside it."""
    return '\n\n'.join('\n'.join(_group(results, measurement)) for measurement in results.measurements)


def _group(results: Results, measurement: Measurement) -> list[str]:
    """Return the lines of one group: a figure and its ratios behind it, row by row."""
    first = max(map(len, (measurement.name, *results.names))) + len(MARK)
    title = [f'{measurement.name:{first}}']
    width = max((WIDTH, *(len(name) + 4 for name in results.beside(measurement))))
    for column in measurement.columns:
        title += [f'{column.title:>12}', *(f'{"x " + reference:>{width}}' for reference in results.beside(measurement))]
    lines = [''.join(title)]
    for name in results.names:
        keys = [(name, measurement.name, column.key) for column in measurement.columns]
        if any(results.middle(key) is not None for key in keys):
            cells = (_cells(results, measurement, key, column, width)
                     for key, column in zip(keys, measurement.columns, strict=True))
            marked = name + MARK * results.disturbed(name, measurement.name)
            lines.append(f'{marked:{first}}' + ''.join(cells))
    return lines


WIDTH = 22  #: [characters] of a ratio at least
MARK = ' !'     #: behind the name of a row that others have disturbed


def _cells(results: Results, measurement: Measurement, key: Key, column: Column, width: int) -> str:
    ratios = (f'{str(results.ratio(reference, key) or "-"):>{width}}' for reference in results.beside(measurement))
    return _cell(results.middle(key), column.digits, 12) + ''.join(ratios)


def _cell(value: float | None, digits: int, width: int) -> str:
    return f'{"-":>{width}}' if value is None else f'{value:>{width},.{digits}f}'


def as_json(results: Results) -> dict[str, Any]:
    """Return all figures with the machine they were taken on."""
    return {
        'machine': described.machine(),
        'references': list(results.references),
        'rows': {name: {measurement.name: {column.title: {
            'median': results.middle(key), 'rounds': results.values[key],
            'others': results.others.get(key[:2], []),
            'ratio': {reference: results.ratio(reference, key) for reference in results.beside(measurement)}}
            for column in measurement.columns if (key := (name, measurement.name, column.key)) in results.values}
            for measurement in results.measurements} for name in results.names},
    }


def write(results: Results, path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(results), indent=2) + '\n', encoding='utf-8')


def write_csv(results: Results, folder: Path) -> None:
    """Write one file for each group, as the documentation shows them: medians and ratios, without rows that have none."""
    folder.mkdir(parents=True, exist_ok=True)
    for measurement in results.measurements:
        titles = [title for column in measurement.columns
                  for title in (column.title, *(f'x {reference}' for reference in results.beside(measurement)))]
        with (folder / f'{measurement.name.replace(" ", "-")}.csv').open('w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow([measurement.name, *titles])
            writer.writerows(_records(results, measurement))


def _records(results: Results, measurement: Measurement) -> Iterable[list[str]]:
    for name in results.names:
        keys = [((name, measurement.name, column.key), column.digits) for column in measurement.columns]
        if any(results.middle(key) is not None for key, _ in keys):
            yield [name, *(text for key, digits in keys for text in (_plain(results.middle(key), digits),
                                                                     *(str(results.ratio(other, key) or '')
                                                                       for other in results.beside(measurement))))]


def _plain(value: float | None, digits: int) -> str:
    return '' if value is None else f'{value:.{digits}f}'
