"""What an exploration has cost, as one line of a table that the docs show: runs of the suite beside what there was to try."""
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: points: each failure at each request of each test; faults: those of the level that was tried
COLUMNS = ('suite', 'tests', 'requests', 'sites', 'points', 'faults', 'tried', 'runs', 'of these to confirm', 'seconds')


def line(name: str, report: Mapping[str, Any]) -> dict[str, object]:
    """Return the line of a suite."""
    about = report['baseline']
    numbers = (about['tests'], about['requests'], about['sites'], report['points'], report['faults'],
               report['faults'] - report['left'], report['runs'], report['confirming'], round(report['seconds']))
    return dict(zip(COLUMNS, (name, *numbers), strict=True))


def write_cost(path: Path, name: str, report: Mapping[str, Any]) -> None:
    """Write the line of a suite, in place of the one that the table has of it, or behind all others."""
    lines: dict[str, Mapping[str, object]] = {}
    if path.exists():
        with path.open(newline='', encoding='utf-8') as file:
            lines = {one['suite']: one for one in csv.DictReader(file)}
    lines[name] = line(name, report)
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(lines.values())
