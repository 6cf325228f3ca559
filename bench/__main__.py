"""Runs the benchmark: every contender meets every load, in rounds, and what is compared was measured side by side."""
import argparse
import contextlib
import datetime
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import vaurien
from tests.support.processes import MissingServer

from . import instructions, report, toxiproxy
from .contenders import CONTENDERS, REFERENCES, command, other
from .kinds import Contender, Relay
from .loads import BACKENDS
from .machine import counting, described
from .machine.quiet import LOOK, LOUD, Look
from .measurements import MEASUREMENTS, Measurement, measure
from .report import history, intervals, picture

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
    parser.add_argument('--quiet', action='store_true', help='begin only where nothing else runs on this machine')
    parser.add_argument('--instructions', action='store_true',
                        help='count the instructions of vaurien for each request, too; takes some two minutes more')
    parser.add_argument('--keep', action='store_true', help='add the ratios to docs/reference/bench-history.csv')
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
    contenders = [one for one in contenders if not one.needs or shutil.which(one.needs) or one.name in wanted]
    for one in contenders:
        if one.needs and not shutil.which(one.needs):
            raise SystemExit(f'--only {one.name}: there is no {one.needs} on the path')
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
                    tell(f'{contender.name} is left out: {failure}')
                    break
                again = partial(start, backends[measurement.backend])
                relays[contender.name, measurement.name] = relay._replace(again=again)
    return relays


def run(contenders: Sequence[Contender], measurements: Sequence[Measurement], relays: Relays, rounds: int,
        scale: float) -> report.Results:
    """Measure, round by round, each contender once a round and each time another one first."""
    results = report.Results(measurements, [one.name for one in contenders], REFERENCES, {}, {})
    began = time.monotonic()
    for number in range(rounds):
        for measurement in measurements:
            if number and measurement.once:
                continue
            tell(f'round {number + 1} of {rounds}: {measurement.name} (after {time.monotonic() - began:.0f} s)')
            rows = deque(one for one in contenders if (one.name, measurement.name) in relays)
            rows.rotate(number)
            for contender in rows:
                add(results, contender, measurement, relays[contender.name, measurement.name], scale)
    return results


def add(results: report.Results, contender: Contender, measurement: Measurement, relay: Relay, scale: float) -> None:
    """Measure one and keep its figures; a run that fails is named and has none."""
    look = Look(time.monotonic())
    try:
        figures = measure(measurement, relay, scale)
    except FAILURES as failure:
        tell(f'{contender.name} failed in {measurement.name}: {failure}')
        figures = {}
    results.others.setdefault((contender.name, measurement.name), []).append(look.others(time.monotonic()).share)
    for column in measurement.columns:
        if column.key in figures or not figures:
            value = figures[column.key] * column.factor if figures else None
            results.values.setdefault((contender.name, measurement.name, column.key), []).append(value)


def tell(text: str) -> None:
    """Say on standard error, at once, what has begun or what will be missing."""
    print(text, file=sys.stderr, flush=True)


def alone(wanted: bool) -> None:
    """See what else runs on this machine, and say so.

    Raises:
        SystemExit: It is more than figures can bear, and the command line wants none of it.
    """
    look = Look(time.monotonic())
    time.sleep(LOOK)
    others = look.others(time.monotonic())
    if others.loud and wanted:
        raise SystemExit(f'--quiet: {others}; at most {LOUD} is allowed')
    print(others if others.loud else f'quiet: {others}', flush=True)


def kept(results: report.Results) -> None:
    """Add the ratios to the history."""
    today = history.Run(datetime.date.today().isoformat(), vaurien.__version__, described.revision(), described.machine())
    print(f'{history.keep(history.entries(results, today))} ratios more in {history.PATH.name}')


def count_instructions(another: str | None, scale: float) -> bool:
    """Count instructions where the machine can, and print them; return whether nothing went wrong."""
    try:
        counter = counting.counter()
        executables = {'vaurien': instructions.PURE, **({'other': another} if another else {})}
        print('\n' + instructions.table(instructions.measured(counter, executables, scale), counter))
    except MissingServer as missing:
        tell(str(missing))
    except FAILURES as failure:
        tell(f'no instruction counts: {failure}')
        return False
    return True


def show(results: report.Results, options: argparse.Namespace) -> None:
    """Print the tables, and write what the command line asks for."""
    print(report.table(results))
    report.write(results, options.json)
    if options.csv:
        report.write_csv(results, options.csv)
    if options.keep:
        kept(results)
    try:
        picture.draw(results, options.json.with_suffix('.png'))
    except ImportError:
        tell('no picture: matplotlib is not installed')


def main() -> int:
    """Run the benchmark.

    Returns:
        0; 1 when a contender was left out or a run failed.
    """
    options = arguments()
    os.environ.pop('PYTHONDONTWRITEBYTECODE', None)     # with it each start of vaurien would compile all of it anew
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))     # ends what was started
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    contenders, measurements = chosen(options.only, options.extra, options.other)
    rounds, scale = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS), QUICK if options.quick else 1
    if not toxiproxy.there():
        print(f'without Toxiproxy: there is no {toxiproxy.SERVER} on the path')
    alone(options.quiet)
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        relays = started(contenders, measurements, stack)
        results = run(contenders, measurements, relays, rounds, scale)
    show(results, options)
    if any(results.disturbed(*key) for key in results.others):
        print(f"\nrows with '{report.MARK.strip()}': others used more than {LOUD} of a processor meanwhile")
    print(f'\nmedians of {rounds} interleaved rounds, {time.monotonic() - began:.0f} s; ratios of {intervals.LEAST} and more '
          f'have an interval of {intervals.CONFIDENCE:.0%}; all figures: {options.json}')
    counted = not options.instructions or count_instructions(options.other, scale)
    wanted = sum(takes_part(one, measurement) for one in contenders for measurement in measurements)
    failed = any(None in values for values in results.values.values())
    return 1 if failed or not counted or len(relays) < wanted else 0


if __name__ == '__main__':
    sys.exit(main())
