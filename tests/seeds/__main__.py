"""``python -m tests.seeds --seeds N [PROTOCOL ...]``: prints what was compared; status 1 where anything differs."""
import argparse
import logging
import sys
import time

from .run import SERVERS, differences

logging.basicConfig(level=logging.ERROR)
parser = argparse.ArgumentParser('python -m tests.seeds', description='Shows that a seed gives the same faults at any pace.')
parser.add_argument('--seeds', type=int, default=1000, help='how many; default: 1000')
parser.add_argument('--first', type=int, default=0, help='the first one; default: 0')
parser.add_argument('protocols', nargs='*', choices=[[], *SERVERS], help='default: all')
options = parser.parse_args()
failed = False
for protocol in options.protocols or SERVERS:
    begun, counts = time.monotonic(), [0, 0]

    def tell(seed: int, faults: int, counts: list[int] = counts) -> None:
        counts[0], counts[1] = counts[0] + 1, counts[1] + faults
    found = differences(protocol, range(options.first, options.first + options.seeds), tell)
    print(f'{protocol:10}{counts[0]:>8,} seeds{counts[1]:>10,} faults, each in five ways, {len(found)} differences, '
          f'{time.monotonic() - begun:.0f} s', flush=True)
    for difference in found[:10]:
        print(f'FAILED: {difference}')
    failed = failed or bool(found)
sys.exit(failed)
