"""The commands of ``vaurienctl`` about what happens: sessions, faults, how busy proxies are. Knows the client's methods."""
import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from ...client import Client
from .. import text
from ..results import Result, Stream, rows, rows_that_come, said
from ..top import Rates


def sessions(client: Client, args: argparse.Namespace) -> Result:
    return rows('sessions', text.SESSIONS, client.sessions(args.proxy))


def kill(client: Client, args: argparse.Namespace) -> Result:
    for number in args.numbers:
        client.kill(args.proxy, number)
    count = len(args.numbers) if args.numbers else client.kill_all(args.proxy)
    return said({'killed': count}, f'sessions of {args.proxy} ended: {count}')


def faults(client: Client, args: argparse.Namespace) -> Result | Stream:
    proxy = args.proxy or args.of
    if args.follow:
        return rows_that_come(text.FAULTS, follow(client, proxy, args.since))
    return rows('faults', text.FAULTS, [fault._asdict() for fault in client.faults(proxy, args.since or 0)])


def follow(client: Client, proxy: str, since: int | None) -> Iterator[dict[str, Any] | None]:
    """Give the headings, and the faults as they happen."""
    stream = client.follow(proxy, client.last_fault() if since is None else since)
    yield None
    for fault in stream:
        yield fault._asdict()


def top(client: Client, args: argparse.Namespace) -> Stream:
    if not (args.plain or args.json or args.count) and has_screen():
        client.stats()      # where no vaurien responds it is said as for any other command
        from ..screen.app import show  # few have it, and it is slow to import
        show(client)
        return Stream((), lambda data, width: '')
    return Stream(busy(client, args.interval, args.count),
                  lambda data, width: text.table(text.TOP, data['proxies'], width), whole=True)


def has_screen() -> bool:
    """Return whether there is a terminal that can move its cursor, and what the extra ``vaurien[tui]`` brings."""
    able = os.environ.get('TERM', 'dumb') not in ('', 'dumb')
    return able and sys.stdin.isatty() and sys.stdout.isatty() and find_spec('textual') is not None


def busy(client: Client, interval: float, count: int) -> Iterator[dict[str, Any]]:
    """Say again and again how busy the proxies are.

    Args:
        client: What to ask.
        interval: Seconds between two times, and before the first one.
        count: How often; 0: without end.
    """
    rates, never, said_so_far = Rates(), threading.Event(), 0
    rates.rows(client.stats(), time.monotonic())
    while not count or said_so_far < count:
        never.wait(interval)
        yield {'proxies': rates.rows(client.stats(), time.monotonic())}
        said_so_far += 1
