"""``python -m tests.hunt``: prints what was hunted and what was found; status 1 where something is wrong."""
import argparse
import json
import os
import sys
import time
from pathlib import Path

from .run import PROTOCOLS, hunts, replay, subject_of
from .schedule import make

parser = argparse.ArgumentParser('python -m tests.hunt', description='Talks through vaurien at random, and judges every answer.')
parser.add_argument('--protocol', action='append', choices=PROTOCOLS, help='may be repeated; default: all, one after the other')
parser.add_argument('--minutes', type=float, default=5.0, help='for all protocols together')
parser.add_argument('--seed', type=int, help='the first seed; default: one by the clock. With --once or --script: the only one')
parser.add_argument('--processes', type=int, default=max(1, (os.cpu_count() or 1) // 2), help='each has a vaurien of its own')
parser.add_argument('--once', action='store_true', help='play the schedule of --seed, and no other')
parser.add_argument('--script', type=Path, help='play the schedule in this file, as a hunt has printed it')
parser.add_argument('--times', type=int, default=20, help='how often a single schedule is played until it is said not to fail')
options = parser.parse_args()
COUNTED = 'schedules', 'sessions', 'requests', 'faults'
protocols = options.protocol or list(PROTOCOLS)


def single() -> int:
    """Play one schedule."""
    schedule = json.loads(options.script.read_text()) if options.script else make(subject_of(protocols[0]), options.seed)
    if options.seed is not None:
        schedule['seed'] = options.seed
    wrong = replay(schedule, options.times)
    print('\n'.join(wrong) or f'nothing is wrong, {options.times} times')
    return 1 if wrong else 0


def many() -> int:
    """Hunt."""
    first, failed = options.seed if options.seed is not None else int(time.time()) * 1_000_000, 0
    for protocol in protocols:
        start = time.monotonic()
        report = hunts(protocol, first, 60 * options.minutes / len(protocols), options.processes)
        rate = report.counts['sessions'] / (time.monotonic() - start)
        counts = (f'{report.counts[name]:>11,} {name}' for name in COUNTED)
        print(f'{protocol:9}', *counts, f'{rate:>7,.0f} sessions/s', f'{len(report.failures)} wrong')
        print(f'{"":9}', f'{report.counts["callbacks"]:>11,} callbacks, 99.99 % of them within',
              f'{report.percentile * 1000:.1f} ms, the longest {"; ".join(report.longest[:3])}', flush=True)
        print(*report.failures, sep='\n', end='\n' if report.failures else '')
        failed += len(report.failures)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(single() if options.script or options.once else many())
