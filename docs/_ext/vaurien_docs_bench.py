"""The history of the benchmark as a table and a picture: ``.. vaurien:: bench-history``. Knows the columns of its file only."""
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from vaurien_docs_text import table

PATH = Path(__file__).parents[1] / 'reference' / 'bench-history.csv'
FIGURES = ('req/s', 'calls/s', 'conn/s', 'us/req', 'us/call', 'us/conn')   #: those that are drawn: rates, and processor time
RATES = FIGURES[:3]
WIDTH, LEFT, RIGHT, LINE, TOP = 760, 330, 20, 18, 30    #: [px] of the picture, its margins, a line, and what is above the first
MOST = 2.0          #: the ratio at the right end; more is drawn there
NOW, BEFORE = '#b23a48', '#8d99ae'      #: colours of the newest run and of those before

Entry = Mapping[str, str]


def read(path: Path = PATH) -> list[Entry]:
    """Return all entries, oldest first."""
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def run_of(entry: Entry) -> tuple[str, ...]:
    """Return what the entries of one run have in common."""
    return tuple(entry[name] for name in ('date', 'version', 'revision', 'machine'))


def newest(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries of the latest run; of a figure that was measured twice in it the later one."""
    found = {(*key_of(entry), entry['figure']): entry for entry in entries if run_of(entry) == run_of(entries[-1])}
    return list(found.values())


def key_of(entry: Entry) -> tuple[str, ...]:
    """Return what is compared in an entry, whatever the figure."""
    return tuple(entry[name] for name in ('row', 'contender', 'beside'))


def written(entry: Entry) -> str:
    """Return a ratio with its interval, where there is one: ``0.97 (0.94 to 1.01)``."""
    middle, *ends = (f'{float(entry[name]):.2f}' if entry[name] else '' for name in ('ratio', 'low', 'high'))
    return f'{middle} ({ends[0]} to {ends[1]})' if all(ends) else middle


def history(path: Path = PATH) -> str:
    """Write the newest run as a table, and above it the picture of all runs."""
    entries = read(path)
    if not entries:
        return 'Nothing is kept yet.'
    latest = newest(entries)
    date, version, revision, machine = run_of(entries[-1])
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for entry in latest:
        if entry['figure'] in FIGURES:
            kind = 'rate' if entry['figure'] in RATES else 'cost'
            cells.setdefault(key_of(entry), {})[kind] = written(entry)
    rows = [[*key, found.get('rate', ''), found.get('cost', '')] for key, found in cells.items()]
    others = max(float(entry['others']) for entry in latest)
    said = f'{date}, {version}, revision {revision or "unknown"}, {machine}; others used up to {others:.2f} processors meanwhile:'
    return '\n\n'.join(('.. raw:: html\n\n' + '\n'.join(f'   {line}' for line in drawn(entries).splitlines()), said,
                        table(['row', 'contender', 'beside', 'requests per second', 'processor time'], rows)))


def drawn(entries: Sequence[Entry]) -> str:
    """Draw the rates of all runs as SVG: a dot for each ratio, and for the newest run the interval, too."""
    wanted = [entry for entry in newest(entries) if entry['figure'] in RATES]
    height = TOP + LINE * len(wanted) + 10
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
             'aria-label="Requests per second of vaurien, divided by those of others" font-size="11" fill="currentColor">']
    for mark in (0.0, 0.5, 1.0, 1.5, 2.0):
        lines.append(f'<line x1="{across(mark)}" x2="{across(mark)}" y1="{TOP - 10}" y2="{height}" stroke="{BEFORE}" '
                     f'stroke-width="{1.5 if mark == 1 else 0.5}"/>'
                     f'<text x="{across(mark)}" y="{TOP - 14}" text-anchor="middle">{mark:g}</text>')
    for number, entry in enumerate(wanted):
        lines += drawn_line(entry, earlier(entries, entry), TOP + LINE * number + LINE // 2)
    return '\n'.join((*lines, '</svg>'))


def drawn_line(entry: Entry, before: Iterable[Entry], y: int) -> Iterable[str]:
    """Draw one line of the picture: earlier ratios below, the newest above."""
    row, contender, beside = key_of(entry)
    yield f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(f"{row}: {contender} / {beside}")}</text>'
    for old in before:
        yield f'<circle cx="{across(float(old["ratio"]))}" cy="{y}" r="2.5" fill="{BEFORE}"/>'
    if entry['low'] and entry['high']:
        yield (f'<line x1="{across(float(entry["low"]))}" x2="{across(float(entry["high"]))}" y1="{y}" y2="{y}" stroke="{NOW}" '
               'stroke-width="2"/>')
    yield f'<circle cx="{across(float(entry["ratio"]))}" cy="{y}" r="3.5" fill="{NOW}"><title>{written(entry)}</title></circle>'


def earlier(entries: Sequence[Entry], entry: Entry) -> list[Entry]:
    """Return what was measured of the same before this run."""
    same = (*key_of(entry), entry['figure'])
    return [old for old in entries if (*key_of(old), old['figure']) == same and run_of(old) != run_of(entry)]


def across(ratio: float) -> int:
    """Return where a ratio stands [px from the left]."""
    return LEFT + round(min(ratio, MOST) / MOST * (WIDTH - LEFT - RIGHT))
