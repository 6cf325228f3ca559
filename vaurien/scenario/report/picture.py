"""A picture of a scenario over time, as SVG that can be read on a dark and on a light ground. Knows the report alone.

Two panels under each other, with phases as bands across both: how often requests and faults were, and how long requests took.
"""
import html
from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from .document import Moment, Report

WIDTH, HEIGHT = 960, 536    #: [px] of the whole
TITLE = 26                  #: [px] from above, of the title and of what the lines of the upper panel are
LEFT, RIGHT = 70, 24        #: [px] beside the panels
NAMES = 76                  #: [px] above them, for the title, the legend and the names of phases
PANEL, GAP = 190, 46        #: [px] of a panel's height, and between two
CHARACTER = 6.6             #: [px] of a character of the phases' names, at the most
TICKS = 5                   #: of an axis, about
STYLE = """
  :root { --ink: #1f2328; --faint: #d0d7de; --band: #eaeef2; --ground: #ffffff; --requests: #0969da; --faults: #bc4c00;
          --errors: #cf222e; --p50: #1a7f37; --p99: #8250df; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6edf3; --faint: #3d444d; --band: #1c2128; --ground: #0d1117; --requests: #4493f8; --faults: #f0883e;
            --errors: #f85149; --p50: #3fb950; --p99: #ab7df8; }
  }
  text { fill: var(--ink); font: 12px system-ui, 'DejaVu Sans', Helvetica, Arial, sans-serif; }
  .ground { fill: var(--ground); } .band { fill: var(--band); } .grid { stroke: var(--faint); }
  path { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
"""


class Line(NamedTuple):
    """One line of a panel.

    Args:
        name: What the legend calls it.
        color: Its variable of ``STYLE``.
        value: Makes its value of a cell; None: there is none.
        dashes: What tells it from others without color; empty: it is not interrupted.
    """

    name: str
    color: str
    value: Callable[[Moment], float | None]
    dashes: str = ''


class Scale(NamedTuple):
    """From values to pixels, as numbers of the axis are written.

    Args:
        place: The height of a value above the panel's foot, 0 to 1.
        ticks: The values that are written.
    """

    place: Callable[[float], float]
    ticks: Sequence[float]


def draw(report: Report) -> str:
    """Draw a report."""
    width = report.width
    often = (Line('requests/s', 'requests', lambda cell: cell.requests / width),
             Line('failed/s', 'errors', lambda cell: cell.failed / width, '6 3'),
             Line('faults/s', 'faults', lambda cell: cell.faults / width, '2 3'))
    late = (Line('p50', 'p50', lambda cell: cell.p50), Line('p99', 'p99', lambda cell: cell.p99, '6 3'))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
             f'<title>{html.escape(report.scenario)}</title>', f'<style>{STYLE}</style>',
             f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
             text(LEFT, TITLE, report.scenario, size=15), *bands(report)]
    for number, (lines, scale, unit) in enumerate((
            (often, linear(values(often, report.timeline)), lambda value: f'{value:g}'),
            (late, logarithmic(values(late, report.timeline)), in_unit))):
        top = NAMES + number * (PANEL + GAP)
        parts += [*axis(scale, top, unit), *curves(lines, report, scale, top), *legend(lines, top - 14 if number else TITLE)]
    return '\n'.join([*parts, *hours(report), '</svg>', ''])


def values(lines: Sequence[Line], cells: Sequence[Moment]) -> list[float]:
    """Return all values of some lines."""
    return [found for line in lines for cell in cells if (found := line.value(cell)) is not None]


def across(report: Report, seconds: float) -> float:
    """Return where a time is, from left to right."""
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, seconds / (report.seconds or 1.0))


def foot() -> float:
    """Return where the lowest panel ends."""
    return NAMES + 2 * PANEL + GAP


# -- axes

def step_of(highest: float) -> float:
    """Return a round distance of ticks: 1, 2 or 5 and noughts."""
    rough = highest / TICKS
    power = 10.0 ** floor(log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)


def linear(found: Sequence[float]) -> Scale:
    """Make a scale from 0 to the highest of some values."""
    highest = max(found, default=0.0) or 1.0
    step = step_of(highest)
    count = ceil(highest / step)
    return Scale(lambda value: value / (count * step), [number * step for number in range(count + 1)])


def logarithmic(found: Sequence[float]) -> Scale:
    """Make a scale of powers of ten around some values."""
    low = floor(log10(max(1e-6, min(found, default=0.001))))
    high = max(low + 1, ceil(log10(max(1e-6, *found, 1e-6))))
    return Scale(lambda value: (log10(max(value, 1e-6)) - low) / (high - low), [10.0 ** power for power in range(low, high + 1)])


def in_unit(seconds: float) -> str:
    """Write a time of the axis."""
    for unit, size in (('s', 1.0), ('ms', 1e-3)):
        if seconds >= size * 0.999:
            return f'{seconds / size:g} {unit}'
    return f'{seconds * 1e6:g} µs'


def axis(scale: Scale, top: float, unit: Callable[[float], str]) -> Iterator[str]:
    """Draw the lines of a scale, and write its numbers."""
    for value in scale.ticks:
        y = top + PANEL * (1 - scale.place(value))
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield text(LEFT - 8, y + 4, unit(value), 'end')


def hours(report: Report) -> Iterator[str]:
    """Write the times below the panels."""
    step, y = step_of(report.seconds or 1.0), foot() + 18
    for number in range(int((report.seconds or 1.0) / step) + 1):
        yield text(across(report, number * step), y, f'{number * step:g} s', 'middle')


# -- what happened

def bands(report: Report) -> Iterator[str]:
    """Draw the phases, every other one as a band, with their names where there is room."""
    for number, phase in enumerate(report.phases):
        left, right = across(report, phase.begin), across(report, phase.begin + phase.seconds)
        tip = f'<title>{html.escape(phase.name)}</title>'
        shade = 'band' if number % 2 else 'ground'
        yield (f'<rect class="{shade}" x="{left:.1f}" y="{NAMES - 4}" width="{max(0.0, right - left):.1f}" '
               f'height="{foot() - NAMES + 4:.1f}">{tip}</rect>')
        room = int((right - left) / CHARACTER)
        if room >= 2:
            name = phase.name if len(phase.name) <= room else phase.name[:room - 1] + '…'
            yield text((left + right) / 2, NAMES - 10, name, 'middle')


def curves(lines: Sequence[Line], report: Report, scale: Scale, top: float) -> Iterator[str]:
    """Draw the lines of a panel; where there is no value they are interrupted."""
    for line in lines:
        path, pen = [], 'M'
        for number, cell in enumerate(report.timeline):
            value = line.value(cell)
            if value is None:
                pen = 'M'
                continue
            x, y = across(report, (number + 0.5) * report.width), top + PANEL * (1 - scale.place(value))
            path.append(f'{pen}{x:.1f} {y:.1f}' + ('h1' if pen == 'M' else ''))
            pen = 'L'
        if path:
            dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ''
            yield f'<path d="{"".join(path)}" style="stroke: var(--{line.color})"{dashes}/>'


def legend(lines: Sequence[Line], y: float) -> Iterator[str]:
    """Write what the lines are, at the right."""
    x = float(WIDTH - RIGHT)
    for line in reversed(lines):
        x -= len(line.name) * CHARACTER + 44
        dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ''
        yield f'<path d="M{x:.1f} {y - 4}h24" style="stroke: var(--{line.color})"{dashes}/>'
        yield text(x + 30, y, line.name)


def text(x: float, y: float, words: str, anchor: str = 'start', size: int = 12) -> str:
    """Write some words."""
    style = f' style="font-size: {size}px"' if size != 12 else ''
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{html.escape(words)}</text>'
