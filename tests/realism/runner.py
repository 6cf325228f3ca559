"""Lets real clients meet the rows: through a real vaurien, and where a row says how, at the real server itself.

A module of rows gives ``ROWS`` and ``SERVER``, which is the name of a context manager in ``tests.support.servers``, and of a
fixture. Knows no protocol.
"""
import pkgutil
from contextlib import ExitStack
from importlib import import_module
from typing import Any, NamedTuple

from tests.support.proxied import Between, entry

from . import __path__
from .rows import ANEW, KEPT, REOPENED, Row, outcome


class Seen(NamedTuple):
    """What has come of a row.

    Args:
        outcome: What the client raised or returned.
        afterwards: What it worked on with.
        faults: The kinds that were injected.
    """

    outcome: str
    afterwards: str
    faults: tuple[str, ...]


def protocols() -> dict[str, Any]:
    """Return the modules that have rows, by the name of their protocol."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != '__main__')
    modules = {name: import_module(f'tests.realism.{name}') for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, 'ROWS')}


def protocol_of(module: Any, name: str) -> str:
    """Return what a proxy in front of a module's server speaks: what it is named by, or what it says itself."""
    return str(getattr(module, 'PROTOCOL', name))


def meet(row: Row, proxy: Between) -> Seen:
    """Let a client meet a failure, and then work on.

    Args:
        row: The row.
        proxy: A proxy in front of the row's server; what it does to requests is changed.
    """
    since, before = proxy.client.last_fault(), proxy.count('accepted')
    proxy.meet()    # so that what was counted begins anew
    proxy.meet(entry('transient', kind=row.kind, match=row.match, agitate=row.times))
    with ExitStack() as stack:
        clients: list[Any] = []

        def act() -> object:
            clients.append(stack.enter_context(row.client.open(proxy.port)))
            return row.act(clients[0])
        came = outcome(row.client, act)
        anew = not clients or outcome(row.client, lambda: _works(row, clients[0])) != 'it works'
        if anew:
            row.client.works(stack.enter_context(row.client.open(proxy.port)))
    proxy.kill_sessions()       # a farewell that comes late would meet what is set for the next row
    connections = proxy.count('accepted') - before
    afterwards = ANEW if anew else REOPENED if connections > 1 else KEPT
    return Seen(came, afterwards, tuple(fault.kind for fault in proxy.client.faults(proxy.name, since)))


def _works(row: Row, client: Any) -> str:
    row.client.works(client)
    return 'it works'


def expected(row: Row) -> Seen:
    """Return what has to come of a row."""
    return Seen(row.outcome, row.afterwards, (row.kind,) * row.times)


def really(row: Row, server: Any) -> str:
    """Return the outcome of the same calls when the server itself fails."""
    assert row.real is not None
    real = row.real
    return outcome(row.client, lambda: real(server))
