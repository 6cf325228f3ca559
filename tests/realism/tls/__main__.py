"""``python -m tests.realism.tls [--write] [WORD ...]``: lets real clients meet the rows and prints them.

Exit status 1 where a client met something else at a server that fails so, or than the table says.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time
from typing import Any

from .rows import ROWS, Row, stand, table, there, write

#: times that a row is tried: some clients tell apart whether a break has come together with what was before it
TRIES = 3


def difference(row: Any, met: Any, known: str | None) -> str:
    """Return what is wrong with what came of a row; empty: nothing."""
    if met.faults != {row.kind}:
        return f'what was injected is {", ".join(sorted(met.faults)) or "nothing"}'
    if met.through != met.really:
        return f'really {met.really}'
    return f'the table says {known}' if known not in (None, met.through) else ''


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog='python -m tests.realism.tls', description=__doc__)
    parser.add_argument('--write', action='store_true', help='write the table anew, without the rows that differ')
    parser.add_argument('word', nargs='*', help='only rows that have one of these words in their names')
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if not arguments.word or any(word in row.name for word in arguments.word)]
    known = {} if arguments.write else table()
    same: dict[Row, str] = {}
    wrong, began = 0, time.monotonic()
    with stand() as at:
        for row in chosen:
            if not there(row):
                print(f'  {row.name}  not shown: it is not installed')
                continue
            for _ in range(TRIES):
                met = at.meet(row)
                if not (differs := difference(row, met, known.get((row.kind, row.client.name)))):
                    break
            wrong += bool(differs)
            if not differs:
                same[row] = met.through
            print(f'{"! " if differs else "  "}{row.kind:28}  {row.client.name:14}  {met.through}',
                  f'\n  {differs}' if differs else '', sep='', flush=True)
    print(f'{len(same)} rows are the same through vaurien and at the server that fails so, {wrong} are not, '
          f'{time.monotonic() - began:.0f} s')
    if arguments.write:
        write(same)
    return bool(wrong)


if __name__ == '__main__':
    os.environ['XDG_DATA_HOME'] = data = tempfile.mkdtemp(prefix='vaurien-data-')
    try:
        status = main()
    finally:
        shutil.rmtree(data, ignore_errors=True)
    sys.exit(status)
