"""Runs the benchmark: every contender meets every load, in rounds, and what is compared was measured side by side."""
import argparse
import contextlib
import resource
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.support.processes import MissingServer

from . import picture, report
from .contenders import CONTENDERS, REFERENCES, Contender, Relay, command, other
from .measurements import BACKENDS, MEASUREMENTS, Measurement, measure

FILES = 65_536                  #: open files wanted: thousands of sessions, two sockets each
QUICK, QUICK_ROUNDS = 0.1, 1    #: how much shorter, how often
ROUNDS = 5
FAILURES = (OSError, RuntimeError, AssertionError, EOFError, MissingServer, subprocess.SubprocessError)

Relays = dict[tuple[str, str], Relay]       # by contender and measurement


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser('python -m bench', description=__doc__)
    parser.add_argument('--quick', action='store_true', help='one short round: whether all works, not how fast it is')
    parser.add_argument('--rounds', type=int, default=None, metavar='N', help=f'default: {ROUNDS}')
    parser.add_argument('--only', action='append', default=[], metavar='NAME', help='a measurement or a contender')
    parser.add_argument('--extra', action='append', default=[], metavar='NAME=COMMAND',
                        help='one more contender: a command line with {port} and {backend} or {backend_port} in it')
    parser.add_argument('--other', metavar='VAURIEN', help='another vaurien, such as that of the tree before a change: a command')
    parser.add_argument('--json', type=Path, default=Path('bench-out/bench.json'), metavar='FILE')
    parser.add_argument('--csv', type=Path, metavar='FOLDER', help='write the tables of the documentation, too: docs/bench')
    return parser.parse_args()


def chosen(wanted: Sequence[str], extra: Sequence[str], another: str | None) -> tuple[list[Contender], list[Measurement]]:
    """Return the rows and the groups that the command line asks for.

    Raises:
        SystemExit: It asks for one that does not exist.
    """
    contenders = [*CONTENDERS, *(other(another) if another else ())]
    for text in extra:
        name, _, line = text.partition('=')
        contenders.append(Contender(name, command(name, line)))
    names, groups = [one.name for one in contenders], [one.name for one in MEASUREMENTS]
    if unknown := set(wanted) - {*names, *groups}:
        raise SystemExit(f'no {", ".join(sorted(unknown))}; there are: {", ".join((*names, *groups))}')
    rows, columns = set(wanted) & set(names) or set(names), set(wanted) & set(groups) or set(groups)
    return ([one for one in contenders if one.name in rows], [one for one in MEASUREMENTS if one.name in columns])


def takes_part(contender: Contender, measurement: Measurement) -> bool:
    """Return whether a contender takes part in a measurement."""
    invited = measurement.name in contender.only or not (contender.only or measurement.named)
    able = contender.tls is not None or not measurement.tls
    return invited and able and (measurement.direct or contender.name != 'direct')


def started(contenders: Sequence[Contender], measurements: Sequence[Measurement],
            stack: contextlib.ExitStack) -> Relays:
    """Start all backends, and a relay for each contender and measurement; one that does not start is left out."""
    names = dict.fromkeys(measurement.backend for measurement in measurements)
    backends = {name: stack.enter_context(BACKENDS[name]()).address for name in names}
    relays: Relays = {}
    for contender in contenders:
        for measurement in measurements:
            if takes_part(contender, measurement):
                start = contender.tls if measurement.tls and contender.tls else contender.start
                try:
                    relay = stack.enter_context(start(backends[measurement.backend]))
                except FAILURES as failure:
                    complain(f'{contender.name} is left out: {failure}')
                    break
                again = partial(start, backends[measurement.backend])
                relays[contender.name, measurement.name] = relay._replace(again=again)
    return relays


def run(contenders: Sequence[Contender], measurements: Sequence[Measurement], relays: Relays, rounds: int,
        scale: float) -> report.Results:
    """Measure, round by round, each contender once a round and each time another one first."""
    results = report.Results(measurements, [one.name for one in contenders], REFERENCES, {})
    for number in range(rounds):
        for measurement in measurements:
            if number and measurement.once:
                continue
            rows = deque(one for one in contenders if (one.name, measurement.name) in relays)
            rows.rotate(number)
            for contender in rows:
                add(results, contender, measurement, relays[contender.name, measurement.name], scale)
    return results


def add(results: report.Results, contender: Contender, measurement: Measurement, relay: Relay, scale: float) -> None:
    """Measure one and keep its figures; a run that fails is named and has none."""
    try:
        figures = measure(measurement, relay, scale)
    except FAILURES as failure:
        complain(f'{contender.name} failed in {measurement.name}: {failure}')
        figures = {}
    for column in measurement.columns:
        if column.key in figures or not figures:
            value = figures[column.key] * column.factor if figures else None
            results.values.setdefault((contender.name, measurement.name, column.key), []).append(value)


def complain(text: str) -> None:
    """Say on standard error what will be missing."""
    print(text, file=sys.stderr)


def main() -> int:
    """Run the benchmark.

    Returns:
        0; 1 when a contender was left out or a run failed.
    """
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))     # ends what was started
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    contenders, measurements = chosen(options.only, options.extra, options.other)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        relays = started(contenders, measurements, stack)
        results = run(contenders, measurements, relays, rounds, QUICK if options.quick else 1)
        print(report.table(results))
        report.write(results, options.json)
        if options.csv:
            report.write_csv(results, options.csv)
        drawing = options.json.with_suffix('.png')
        try:
            picture.draw(results, drawing)
        except ImportError:
            complain('no picture: matplotlib is not installed')
    print(f'\nmedians of {rounds} interleaved rounds, {time.monotonic() - began:.0f} s; all figures: {options.json}')
    wanted = sum(takes_part(one, measurement) for one in contenders for measurement in measurements)
    failed = any(None in values for values in results.values.values())
    return 1 if failed or len(relays) < wanted else 0


if __name__ == '__main__':
    sys.exit(main())
