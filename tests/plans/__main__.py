"""``python -m tests.plans --runs N [CASE ...]``: prints how many requests were met; status 1 where another one was."""
import argparse
import sys
import time

from tests.support import servers
from vaurien.testing import Daemon

from .run import CASES, played

SEED = 7
parser = argparse.ArgumentParser('python -m tests.plans', description='Shows that a plan meets exactly what it means.')
parser.add_argument('--runs', type=int, default=1000, help='of each case; default: 1000')
parser.add_argument('--first', type=int, default=0, help='the first one; default: 0')
parser.add_argument('cases', nargs='*', choices=[[], *CASES], help='default: all')
options = parser.parse_args()
failed = False
daemon = Daemon(SEED)
try:
    for name in options.cases or CASES:
        begun = time.monotonic()
        with getattr(servers, CASES[name].server)() as server:
            try:
                count = sum(1 for _ in played(name, daemon, server, options.runs, options.first))
                print(f'{name:22}{count:>8,} runs, no miss, no neighbour touched, {time.monotonic() - begun:.0f} s', flush=True)
            except AssertionError as error:
                failed = True
                print(f'FAILED: {error}', flush=True)
finally:
    daemon.close()
sys.exit(failed)
