"""``python -m tests.explore_corpus [NAME ...]``: explores the corpus and prints what was found; status 1 where it falls short."""
import argparse
import sys
import tempfile
from pathlib import Path

from .cost import write_cost
from .pairs import EVERY, PARTS
from .run import bound, said, tells_of, tried

LEAST = 0.9     #: of the weaknesses have to be found

parser = argparse.ArgumentParser('python -m tests.explore_corpus', description='Holds vaurien explore to its word.')
parser.add_argument('--part', type=int, choices=(1, 2, 3), help='one third of it; default: all')
parser.add_argument('--all', action='store_true', help='print every finding')
parser.add_argument('--cost', type=Path, help='a table, as CSV, whose lines about these parts are written anew')
parser.add_argument('names', nargs='*', help=f'only these: {", ".join(EVERY)}')
options = parser.parse_args()
parts = [[EVERY[name] for name in options.names]] if options.names else [PARTS[options.part - 1]] if options.part else PARTS
missed, wrong, count = [], [], 0
with tempfile.TemporaryDirectory(prefix='vaurien-corpus-') as folder:
    for number, pairs in enumerate(parts, 1):
        outcome = tried(Path(folder, str(number)), pairs)
        missed += outcome.missed
        wrong += outcome.wrong
        count += len(pairs)
        for pair in pairs:
            got = sorted({f'{one["verdict"]}:{one["class"]}' for one in outcome.weak['findings'] if tells_of(one, pair)})
            print(f'{"MISSED" if pair.name in outcome.missed else "found ":6} {pair.name:26} {pair.verdict:20} {" ".join(got)}')
        for twin, report in (('weak', outcome.weak), ('mended', outcome.mended)):
            about = report['baseline']
            print(f'{twin:6} {about["tests"]} tests, {about["sites"]} sites, {report["faults"]} faults in {report["runs"]} runs, '
                  f'{report["confirming"]} of them to confirm (bound {bound(report)}), and {report["seconds"]:.0f} s; '
                  f'{len(report["unstable"])} unstable, {report["unmet"]} met by no request', flush=True)
            if options.cost and not options.names:
                write_cost(options.cost, f'corpus, part {options.part or number}, {twin}', report)
            for one in report['findings'] if options.all else ():
                print(f'       {one["level"]} {said(one)}')
            for one in report['unstable'] if options.all else ():
                print(f'       unstable {one}')
for line in wrong:
    print(line)
found = count - len(missed)
print(f'{found} of {count} weaknesses found, {len(wrong)} things wrong')
sys.exit(1 if wrong or found < LEAST * count else 0)
