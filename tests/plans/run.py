"""Runs each case again and again, each time with another request that is meant. Knows the cases by name."""
import contextlib
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from vaurien.testing import Daemon

from . import postgres, redis
from .meant import Meant


class Case(NamedTuple):
    """One kind of place where a request may stand.

    Args:
        server: The fixture of the server that it needs.
        bed: Makes what the case needs, between a client and a server.
        once: Means one request, and compares what came of it.
    """

    server: str
    bed: Callable[[Daemon, Any], contextlib.AbstractContextManager[Any]]
    once: Callable[[Any, Random], Meant]


CASES: dict[str, Case] = {
    'a pipeline of 1,000': Case('redis_server', redis.bed, redis.pipeline),
    'transactions': Case('redis_server', redis.bed, redis.transactions),
    'extended batches': Case('postgres_server', postgres.bed, postgres.batches),
    '50 sessions at once': Case('redis_server', redis.bed, redis.sessions),
}


def played(name: str, daemon: Daemon, server: Any, runs: int, seed: int = 0) -> Iterator[Meant]:
    """Run a case, and give the requests that were meant.

    Raises:
        AssertionError: A request that was not meant was touched, or the one that was meant was not.
    """
    case = CASES[name]
    with case.bed(daemon, server) as there:
        for run in range(seed, seed + runs):
            try:
                yield case.once(there, Random(f'{name}/{run}'))
            except AssertionError as error:
                raise AssertionError(f'{name}, run {run}: {error}') from error
