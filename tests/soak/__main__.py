"""``python -m tests.soak --minutes N [--seed N]``: prints what was done and what was held; status 1 where something is wrong."""
import argparse
import sys

from .run import HELD, soak

parser = argparse.ArgumentParser('python -m tests.soak', description='Soaks vaurien and says what is left of it.')
parser.add_argument('--minutes', type=float, default=5.0)
parser.add_argument('--seed', type=int, default=7, help='repeats the same trouble; default: 7')
options = parser.parse_args()
report = soak(60 * options.minutes, options.seed)
for name, count in sorted(report.counts.items()):
    print(f'{name:12}{count:>15,}')
for name in (*HELD, 'rss'):
    print(f'{name:12}{report.before[name]:>15,} before{report.after[name]:>15,} after')
for failure in report.failures:
    print(f'FAILED with --seed {options.seed}: {failure}')
sys.exit(1 if report.failures else 0)
