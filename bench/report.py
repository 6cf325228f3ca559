"""From figures to what is read: medians, ratios, a table, JSON. Knows nothing of how the figures came about."""
import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .measurements import Column, Measurement

Key = tuple[str, str, str]          # contender, measurement, column


class Results(NamedTuple):
    """The figures of all rounds.

    Attributes:
        measurements: The groups of columns.
        names: The rows.
        reference: The row that ratios are to.
        values: By row, group and column one figure a round, in the column's unit; None where that run failed.
    """

    measurements: Sequence[Measurement]
    names: Sequence[str]
    reference: str
    values: dict[Key, list[float | None]]

    def middle(self, key: Key) -> float | None:
        """Return the median over the rounds; None: there is no figure."""
        return _median(self.values.get(key, ()))

    def ratio(self, key: Key) -> float | None:
        """Return the median of the ratios to the reference, each within one round; None: there is none."""
        theirs = self.values.get((self.reference, *key[1:]), ())
        return _median(one / other if one is not None and other else None
                       for one, other in zip(self.values.get(key, ()), theirs, strict=False))

    def columns(self) -> list[tuple[Measurement, Column]]:
        return [(measurement, column) for measurement in self.measurements for column in measurement.columns]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def table(results: Results) -> str:
    """Return the medians as a table of text, and below it the ratios to the reference."""
    return '\n'.join((*_block(results, '', results.middle, None),
                      '', *_block(results, f'x {results.reference}', results.ratio, 2)))


def _block(results: Results, corner: str, figure: Any, digits: int | None) -> list[str]:
    columns, first = results.columns(), max(map(len, (corner, *results.names)))
    widths = [max(len(column.title), 8) for _, column in columns]
    groups = [_group(measurement, columns, widths) for measurement in results.measurements]
    lines = [f'{"":{first}}  ' + '  '.join(groups),
             f'{corner:{first}}  ' + '  '.join(f'{column.title:>{width}}' for (_, column), width in zip(
                 columns, widths, strict=True))]
    for name in results.names:
        cells = (_cell(figure((name, measurement.name, column.key)), column.digits if digits is None else digits, width)
                 for (measurement, column), width in zip(columns, widths, strict=True))
        lines.append(f'{name:{first}}  ' + '  '.join(cells))
    return [line.rstrip() for line in lines]


def _group(measurement: Measurement, columns: Sequence[tuple[Measurement, Column]], widths: Sequence[int]) -> str:
    own = [width for (other, _), width in zip(columns, widths, strict=True) if other is measurement]
    return f' {measurement.name} '.center(sum(own) + 2 * (len(own) - 1), '-')


def _cell(value: float | None, digits: int, width: int) -> str:
    return f'{"-":>{width}}' if value is None else f'{value:>{width},.{digits}f}'


def as_json(results: Results) -> dict[str, Any]:
    """Return all figures with the machine they were taken on."""
    return {
        'machine': {'system': platform.platform(), 'python': platform.python_version(), 'cores': os.cpu_count()},
        'reference': results.reference,
        'rows': {name: {measurement.name: {column.title: {
            'median': results.middle(key), 'ratio': results.ratio(key), 'rounds': results.values[key]}
            for column in measurement.columns if (key := (name, measurement.name, column.key)) in results.values}
            for measurement in results.measurements} for name in results.names},
    }


def write(results: Results, path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(results), indent=2) + '\n', encoding='utf-8')
