"""Plans in front of PostgreSQL: in batches of the extended protocol."""
import contextlib
from collections.abc import Iterator
from random import Random
from typing import Any

from psycopg.pq import ExecStatus

from tests.realism.postgres import connected
from vaurien.testing import Daemon

from .meant import Meant, meant

BATCHES, STATEMENTS = 5, 8
INSERT = b'INSERT INTO planned VALUES ($1)'


class Postgres:
    """A server, a proxy before it, and a connection.

    Args:
        daemon: The vaurien.
        admin: A connection to the server itself.
        client: Called with the port of the proxy; connects through it.
        server: The server.
    """

    def __init__(self, proxy: Any, admin: Any, client: Any) -> None:
        self.proxy, self.admin, self.client = proxy, admin, client

    @property
    def asked(self) -> int:
        """How many exchanges there were on the connection, the only one."""
        return int(self.proxy.sessions[0].exchanges)

    def stored(self) -> set[str]:
        """Return what the table has, and forget it."""
        found = {value for value, in self.admin.execute('SELECT v FROM planned').fetchall()}
        self.admin.execute('DELETE FROM planned')
        return found


@contextlib.contextmanager
def bed(daemon: Daemon, server: Any) -> Iterator[Postgres]:
    """Be between a client and a server, where there is a table."""
    proxy = daemon.create('postgres-plan', server.address, 'postgres')
    try:
        with connected(server.port, autocommit=True) as admin, connected(proxy.port, autocommit=True) as client:
            admin.execute('CREATE TABLE IF NOT EXISTS planned (v text)')
            for connection in (admin, client):
                connection.execute('SET synchronous_commit = off')  # nothing here is for longer than a run
            try:
                yield Postgres(proxy, admin, client)
            finally:
                admin.execute('DROP TABLE planned')
    finally:
        proxy.remove()


def batches(there: Postgres, random: Random) -> Meant:
    """Mean one statement of five batches, which are sent at once: its own is rolled back, and the rest of it skipped."""
    batch, number = random.randrange(BATCHES), random.randrange(STATEMENTS)
    wire = there.client.pgconn
    exchange = there.asked + batch * STATEMENTS + number + 1
    with there.proxy.fault('INSERT INTO planned*', nth=batch * STATEMENTS + number + 1, kind='deadlock') as fault:
        found = statuses(wire)
    ok, failed, skipped = ExecStatus.COMMAND_OK, ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED
    for at in range(BATCHES):
        fine = [ok] * STATEMENTS
        broken = [ok] * number + [failed] + [skipped] * (STATEMENTS - number - 1)
        assert found[at] == (broken if at == batch else fine), (at, batch, number, found)
    assert there.stored() == {f'{at}:{one}' for at in range(BATCHES) if at != batch for one in range(STATEMENTS)}
    return meant(there.proxy, fault, None, (1, exchange))


def statuses(wire: Any) -> list[list[ExecStatus]]:
    """Send the batches, all at once, and return how each statement has ended."""
    wire.enter_pipeline_mode()
    try:
        for at in range(BATCHES):
            for one in range(STATEMENTS):
                wire.send_query_params(INSERT, [f'{at}:{one}'.encode()])
            wire.pipeline_sync()
        found: list[list[ExecStatus]] = [[]]
        while len(found) <= BATCHES:
            result = wire.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                found.append([])
            else:
                found[-1].append(result.status)
        return found[:BATCHES]
    finally:
        wire.exit_pipeline_mode()
