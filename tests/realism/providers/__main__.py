"""``python -m tests.realism.providers [--write] [WORD ...]``: lets the official libraries meet the rows and prints them.

Exit status 1 where one met something else at a server that says so itself, or than the table says.
"""
import argparse
import sys
import time

from ..tls.__main__ import difference
from .rows import ROWS, TABLE, Row, stand, table, write


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog='python -m tests.realism.providers', description=__doc__)
    parser.add_argument('--write', action='store_true', help='write the table anew, without the rows that differ')
    parser.add_argument('word', nargs='*', help='only rows that have one of these words in their names')
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if not arguments.word or any(word in row.name for word in arguments.word)]
    known = {} if arguments.write or not TABLE.exists() else table()
    same: dict[Row, str] = {}
    wrong, began = 0, time.monotonic()
    with stand() as at:
        for row in chosen:
            met = at.meet(row)
            differs = difference(row, met, known.get((row.kind, row.client.name)))
            wrong += bool(differs)
            if not differs:
                same[row] = met.through
            print(f'{"! " if differs else "  "}{row.kind:36}  {row.client.name:18}  {met.through}',
                  f'\n  {differs}' if differs else '', sep='', flush=True)
    print(f'{len(same)} rows are the same through vaurien and at the server that says so itself, {wrong} are not, '
          f'{time.monotonic() - began:.0f} s')
    if arguments.write:
        write(same)
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
