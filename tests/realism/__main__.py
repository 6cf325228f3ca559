"""``python -m tests.realism [--write] [PROTOCOL ...]``: lets real clients meet all rows and prints them.

Exit status 1 where a client met something else than its row says, or worked on otherwise.
"""
import argparse
import sys
from contextlib import ExitStack
from typing import Any

from tests.support import servers
from tests.support.processes import MissingServer
from tests.support.proxied import SEED, Between, between
from vaurien.testing import Daemon

from . import renderer
from .runner import expected, meet, protocol_of, protocols, really


def differences(daemon: Daemon, name: str, module: Any) -> int:
    """Run the rows of a protocol, print each, and return how many came out otherwise than they say."""
    wrong = 0
    with getattr(servers, module.SERVER)() as server, ExitStack() as stack:
        made: dict[Any, Between] = {}
        for row, line in zip(module.ROWS, renderer.lines(module.ROWS), strict=True):
            row.client.needs()
            if row.backend not in made:
                backend = row.backend(server) if row.backend else server
                protocol = protocol_of(module, name)
                made[row.backend] = stack.enter_context(between(daemon, f'{name}-{len(made)}', backend, protocol))
            seen = meet(row, made[row.backend])
            real = really(row, server) if row.real else row.outcome
            fine = seen == expected(row) and real == row.outcome
            wrong += not fine
            print(f'{"  " if fine else "! "}{name}  {line}', '' if fine else f'\n  {seen}, really {real}', sep='')
    return wrong


def main() -> int:
    """Do what the command line says."""
    known = protocols()
    parser = argparse.ArgumentParser(prog='python -m tests.realism', description=__doc__)
    parser.add_argument('--write', action='store_true', help='write the pages of the docs, and run nothing')
    parser.add_argument('protocol', nargs='*', help=f'only these: {", ".join(known)}')
    arguments = parser.parse_args()
    if unknown := set(arguments.protocol) - set(known):
        parser.error(f'there are no rows for {", ".join(unknown)}')
    chosen = {name: known[name] for name in arguments.protocol or known}
    if arguments.write:
        for name, module in chosen.items():
            renderer.path(name).parent.mkdir(parents=True, exist_ok=True)
            renderer.path(name).write_text(renderer.page(name, module.ROWS, protocol_of(module, name)), 'utf-8')
        return 0
    return _run(chosen)


def _run(chosen: dict[str, Any]) -> int:
    daemon, wrong = Daemon(SEED), 0
    try:
        for name, module in chosen.items():
            try:
                wrong += differences(daemon, name, module)
            except MissingServer as missing:
                print(f'  {name}  not shown: {missing}')
    finally:
        daemon.close()
    print(f'{wrong} rows came out otherwise than they say' if wrong else 'all as they say')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
