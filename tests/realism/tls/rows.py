"""Each kind of fault of TLS with each client: what the client meets through vaurien, and at a server that fails so."""
import contextlib
import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import servers
from tests.support.proxied import Between, between, entry
from tests.support.unit_of_time import PATIENCE
from vaurien.net.tls.authority import own_authority
from vaurien.net.tls.authority.kept import Kept, data_folder
from vaurien.protocols.tls_kinds import STREAM_KINDS, TLS_KINDS
from vaurien.testing import Daemon

from .clients import CLIENTS, SHORT, Asked, Client
from .failing import BEFORE, FAILING, Around, failing

TABLE = Path(__file__).parents[3] / 'docs' / 'realism' / 'tls.csv'
TITLES = 'kind', 'client', 'what it met', 'the server that fails so'
#: the request whose response breaks, by protocol
MATCHES = {'http': '^GET', 'redis': '^GET', 'postgres': '^SELECT', 'smtp': '^EHLO'}
HANG = 'handshake-hang'


class Row(NamedTuple):
    """One fault as one client meets it.

    Args:
        kind: The kind of error that vaurien is told.
        client: The client.
    """

    kind: str
    client: Client

    @property
    def name(self) -> str:
        """What it is called in lists of tests."""
        return f'{self.kind}-{self.client.name}'.replace(' ', '-')


class Met(NamedTuple):
    """What came of a row.

    Args:
        through: Through vaurien.
        faults: The kinds that vaurien has injected meanwhile.
        really: At the server that fails so.
    """

    through: str
    faults: frozenset[str]
    really: str


#: all of them; a protocol without requests has no response that one could tell, and what is inside is the same where TLS begins
#: later. PyMySQL sets itself no time for a handshake, and waits for ever
ROWS = [Row(kind, client) for kind in TLS_KINDS for client in CLIENTS
        if (kind not in STREAM_KINDS or client.protocol in MATCHES and not client.later)
        and (kind, client.name) != (HANG, 'PyMySQL')]


def there(row: Row) -> bool:
    """Return whether a row can be run here."""
    return row.client.there


@contextlib.contextmanager
def grpc_server() -> Iterator[Any]:
    """Run a server of gRPC that has nothing to be called."""
    from concurrent.futures import ThreadPoolExecutor

    os.environ.setdefault('GRPC_VERBOSITY', 'NONE')     # it writes to standard error
    import grpc
    made = grpc.server(ThreadPoolExecutor(1))
    port = made.add_insecure_port('127.0.0.1:0')
    made.start()
    try:
        yield Around(port, 'tcp', ('h2',), 0)
    finally:
        made.stop(None).wait(PATIENCE)


class Stand:
    """The servers, and proxies in front of them, each made when it is needed for the first time.

    Args:
        stack: Ends them.
        daemon: Has the proxies.
    """

    STARTED = {'http': servers.nginx_server, 'redis': servers.redis_server, 'postgres': servers.postgres_server,
               'smtp': servers.smtp_server, 'tcp': grpc_server, 'mysql': servers.mariadb_server}

    def __init__(self, stack: contextlib.ExitStack, daemon: Daemon) -> None:
        own_authority()
        self._stack, self._daemon = stack, daemon
        self.ca = str(Kept(data_folder()).certificate)
        self._servers: dict[str, Any] = {}
        self._proxies: dict[tuple[str, bool], Between] = {}

    def use(self, **started: Any) -> None:
        """Take servers that run already."""
        self._servers.update(started)

    def server(self, protocol: str) -> Any:
        """Return the server without TLS that speaks a protocol."""
        if protocol not in self._servers:
            self._servers[protocol] = self._stack.enter_context(self.STARTED[protocol]())
        return self._servers[protocol]

    def proxy(self, protocol: str, later: bool) -> Between:
        """Return the proxy in front of it, which ends TLS, with the first byte or later."""
        if (protocol, later) not in self._proxies:
            direct = {} if later or protocol not in BEFORE else {'protocol_settings': {'starttls': 'direct'}}
            made = between(self._daemon, f'tls-{protocol}-{later}', f'127.0.0.1:{self.server(protocol).port}', protocol,
                           proxy='tls://127.0.0.1:0', **direct)
            self._proxies[protocol, later] = self._stack.enter_context(made)
        return self._proxies[protocol, later]

    def meet(self, row: Row) -> Met:
        """Let a client meet a fault, through vaurien and really."""
        client = row.client
        proxy, seconds = self.proxy(client.protocol, client.later), SHORT if row.kind == HANG else PATIENCE
        match = MATCHES[client.protocol] if row.kind in STREAM_KINDS else ''
        since = proxy.client.last_fault()
        proxy.meet(entry('error', kind=row.kind, match=match))
        through = client.outcome(Asked(proxy.port, self.ca, seconds))
        proxy.meet()
        faults = frozenset(fault.kind for fault in proxy.client.faults(proxy.name, since))
        proxy.kill_sessions()
        around = Around(self.server(client.protocol).port, client.protocol, client.alpn, self.server('http').port, client.later)
        with failing(row.kind, around) as port:
            really = client.outcome(Asked(port, self.ca, seconds))
        return Met(through, faults, really)


@contextlib.contextmanager
def stand() -> Iterator[Stand]:
    """Have a stand for the length of a block, with an authority of its own where the environment names no folder for one."""
    with contextlib.ExitStack() as stack:
        if 'XDG_DATA_HOME' not in os.environ:
            raise RuntimeError('XDG_DATA_HOME has to name a folder: the authority of the user is left alone')
        yield Stand(stack, stack.enter_context(contextlib.closing(Daemon(7))))


# -- the table

def table() -> dict[tuple[str, str], str]:
    """Return what came of each row, by kind and client."""
    with TABLE.open(encoding='utf-8', newline='') as file:
        return {(row['kind'].strip('`'), row['client']): row[TITLES[2]].strip('`') for row in csv.DictReader(file)}


def write(met: dict[Row, str]) -> None:
    """Write the table."""
    with TABLE.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(TITLES)
        for row, came in met.items():
            writer.writerow([f'``{row.kind}``', row.client.name, f'``{came}``', FAILING[row.kind].how])
