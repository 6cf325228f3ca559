"""Each kind that comes with vaurien as the official library of its API meets it: through vaurien, and at a server that says so
itself."""
import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.proxied import between, entry
from vaurien.testing import Daemon

from .clients import CLIENTS, Client, quiet
from .failing import KINDS, Api, Calls, api, calls

TABLE = Path(__file__).parents[3] / 'docs' / 'realism' / 'providers.csv'
TITLES = 'kind', 'client', 'what it met'


class Row(NamedTuple):
    """One kind as one client meets it."""

    kind: str
    client: Client

    @property
    def name(self) -> str:
        """What it is called in lists of tests."""
        return f'{self.kind}-{self.client.name}'


class Met(NamedTuple):
    """What came of a row.

    Args:
        through: Through vaurien.
        faults: The kinds that vaurien has injected meanwhile.
        really: At the server that says so itself.
    """

    through: str
    faults: frozenset[str]
    really: str


ROWS = [Row(kind, client) for kind in KINDS for client in CLIENTS if kind.startswith(f'{client.provider}-')]


def outcome(row: Row, port: int) -> str:
    """Return what a client meets: the class of an error and its code, or the result."""
    try:
        return f'it works: {row.client.ask(port, row.kind)}'
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'
        code = row.client.code(error) if kind.__module__.partition('.')[0] not in ('builtins', 'httpx2', 'json') else ''
        return f'{name} {code}'.strip()


class Stand:
    """The servers, and a proxy in front of each."""

    def __init__(self, stack: contextlib.ExitStack, daemon: Daemon) -> None:
        self._servers: dict[bool, Api | Calls] = {False: stack.enter_context(api()), True: stack.enter_context(calls())}
        self._proxies = {
            of_calls: stack.enter_context(between(daemon, f'providers-{of_calls}', f'127.0.0.1:{server.port}', 'http'))
            for of_calls, server in self._servers.items()}

    def meet(self, row: Row) -> Met:
        """Let a client meet a failure, through vaurien and really."""
        of_calls = 'call' in KINDS[row.kind]
        server, proxy = self._servers[of_calls], self._proxies[of_calls]
        since = proxy.client.last_fault()
        proxy.meet(entry('error', kind=row.kind))
        through = outcome(row, proxy.port)
        proxy.meet()
        faults = frozenset(fault.kind for fault in proxy.client.faults(proxy.name, since))
        server.kind = row.kind
        try:
            return Met(through, faults, outcome(row, server.port))
        finally:
            server.kind = ''


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    """Run all that rows need."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(quiet())
        daemon = Daemon(7)
        stack.callback(daemon.close)
        yield Stand(stack, daemon)


def table() -> dict[tuple[str, str], str]:
    """Return what the table says, by kind and client."""
    with TABLE.open(encoding='utf-8', newline='') as file:
        return {(row[TITLES[0]], row[TITLES[1]]): row[TITLES[2]] for row in csv.DictReader(file)}


def write(same: dict[Row, str]) -> None:
    """Write the table."""
    with TABLE.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(TITLES)
        writer.writerows((row.kind, row.client.name, came) for row, came in same.items())
