"""A real vaurien between a real client and a real server: a child process for all tests, with a proxy for each.

Knows what ``vaurien.testing`` gives to any user, and the words of the log.
"""
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from vaurien.testing import Daemon, RunningProxy

SEED = 7
#: a name that no request has: what is drawn with this ``match`` never happens
NEVER = '^no request is called like this$'
#: no fault is on; and every request is drawn for, read and named, and yet left alone
CALM: dict[str, list[dict[str, Any]]] = {
    'no fault': [],
    'faults that never match': [{'name': 'error', 'percent': 50, 'settings': {'match': NEVER}},
                                {'name': 'delay', 'percent': 50, 'settings': {'match': NEVER}}],
}


def peak(daemon: Daemon) -> int:
    """Return the most memory [bytes] that vaurien has ever had."""
    with open(f'/proc/{daemon.process.pid}/status', encoding='utf-8') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmHWM')) * 1024


def entry(name: str, percent: float = 100, **settings: Any) -> dict[str, Any]:
    """Return one entry of a mix."""
    return {'name': name, 'percent': percent, 'settings': settings}


class Between(RunningProxy):
    """One proxy, between a client and a server.

    Attributes:
        daemon: The process that it runs in.
    """

    def __init__(self, daemon: Daemon, made: dict[str, Any]) -> None:
        super().__init__(daemon.client, made, daemon.seed)
        self.daemon = daemon
        self._logged = daemon.process.logged

    def meet(self, *entries: dict[str, Any]) -> None:
        """Let requests meet these behaviors from now on, in place of all before; none: no fault."""
        self.client.change(self.name, mix=list(entries))

    def count(self, what: str) -> int:
        """Return what the proxy has counted: ``accepted``, ``exchanges``, ``handler_errors``, ..."""
        return int(self.client.show(self.name)['stats'][what])

    @property
    def log(self) -> list[str]:
        """What was logged about its sessions, a line each; where they are read no more, that is among it."""
        lines = self.daemon.process.log(self._logged).splitlines()
        return [line for line in lines if f' of {self.name} ' in line]

    @property
    def unread(self) -> list[str]:
        """Why sessions are relayed unread, one line for each that is, or was."""
        return [found['reason'] for found in self.client.show(self.name)['unread'] for _ in range(found['sessions'])]


@contextlib.contextmanager
def between(daemon: Daemon, name: str, backend: Any, protocol: str, mix: Sequence[dict[str, Any]] = (),
            **fields: Any) -> Iterator[Between]:
    """Run a proxy for the length of a block. At its end, no handler may have raised.

    Args:
        daemon: The process that it is to run in.
        name: How it is called; with the seed it decides what is drawn.
        backend: What has an ``address``, or the address.
        protocol: What client and server speak.
        mix: What requests meet; see ``entry``.
        fields: Others of ``vaurien.spec.ProxySpec``.
    """
    address = getattr(backend, 'address', backend)
    proxy = Between(daemon, daemon.client.create(name, backend=address, protocol=protocol, mix=list(mix), **fields))
    try:
        yield proxy
        assert not proxy.count('handler_errors'), daemon.process.log()
    finally:
        daemon.client.remove(name)
