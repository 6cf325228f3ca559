"""Starts a real server, and has the conversations of many seeds held with it. Knows no protocol's bytes."""
import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any
from unittest import mock

from tests.support import servers
from tests.support.hosting import hosted
from tests.support.processes import folder
from tests.support.unit_of_time import PATIENCE
from vaurien.protocols.http import failures

from .backend import Between
from .compare import compare
from .play import exchange
from .scripts import TABLES

#: [s] that one seed may take: 50 sessions, five times
SEED = 20 * PATIENCE
#: [s] between two bytes of the slow headers of http, which come over some 20 s otherwise
HARDLY = 1e-5


@contextlib.contextmanager
def trusting_postgres() -> Iterator[Any]:
    """Run PostgreSQL without passwords."""
    with folder() as where:
        where.chmod(0o755)
        rules = where / 'rules'
        rules.write_text('host all all 127.0.0.1/32 trust\n')
        with servers.postgres_server('-c', f'hba_file={rules}') as server:
            yield server


SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    'redis': servers.redis_server,
    'memcache': partial(servers.memcached_server, '-C', '-t', '1'),     # no unique numbers; all in the order in which it comes
    'http': servers.nginx_server,
    'smtp': servers.secure_smtp_server,
    'postgres': trusting_postgres,
    'mysql': partial(servers.mariadb_server, '--skip-grant-tables'),
}


def differences(protocol: str, seeds: Iterable[int], tell: Callable[[int, int], None] = lambda seed, faults: None) -> list[str]:
    """Compare the conversations of some seeds, and return what differed: nothing if all is well.

    Args:
        protocol: The protocol.
        seeds: The seeds.
        tell: Called with each seed and its faults.
    """
    found: list[str] = []
    with SERVERS[protocol]() as server, hosted() as host, mock.patch.object(failures, 'SLOW_HEADERS_PAUSE', HARDLY):
        between = host.call(lambda: Between(server.address))
        if protocol in TABLES:
            host.call(partial(exchange, server.address, *TABLES[protocol]))
        for seed in seeds:
            try:
                faults, differing = host.call(partial(compare, protocol, seed, between), SEED)
            except TimeoutError:
                raise AssertionError(f'{protocol}: seed {seed} has not come to its end') from None
            found += differing
            tell(seed, faults)
        host.call(between.close)
    return found
