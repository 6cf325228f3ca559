"""The vaurien that is hunted, in a process of its own. It is steered by lines of JSON, and tells what its journal says of whom.

``python -m tests.hunt.host [PLANT]`` prints its port. ``PLANT`` is one of ``planted``: a vaurien that is wrong on purpose.
"""
import contextlib
import gc
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import gevent
from gevent.server import StreamServer
from gevent.util import format_run_info

from tests.support.daemon import ROOT, environment
from tests.support.peers import connect
from tests.support.trap import Trap
from tests.support.unit_of_time import MS, PATIENCE
from tests.support.watchdog import Watchdog
from vaurien.protocols.http import failures
from vaurien.proxies.fleet import Fleet
from vaurien.proxies.journal import Fault
from vaurien.proxies.proxy import Proxy
from vaurien.spec import BehaviorSpec, ProxySpec, ToxicSpec

from .planted import plant

SEED = 7            #: of the fleet; each schedule's proxy has a name of its own, and by it draws of its own
SLOW = 0.2 * MS     #: [s] between two bytes of http's slow headers; in earnest they take 20 s
HANG = 30 * MS      #: [s] that a session that never answers is left alone; then it is ended, so that nobody waits for it
#: what the log says of a session begins like one of these
UNREAD, RESET = 'session %d of %s is relayed unread', 'session %d of %s is reset: a fault was under way'


class Record:
    """What happened at one proxy.

    Attributes:
        faults: ``[port of the client, exchange, behavior, kind, request]`` each.
        unread: Why sessions are relayed unread, by the port of the client.
        reset: The ports of clients whose sessions were reset, since a fault could not be put in its place.
    """

    def __init__(self) -> None:
        self.faults: list[list[Any]] = []
        self.unread: dict[str, str] = {}
        self.reset: list[str] = []


class Log(logging.Handler):
    """Finds in the log what is an error, and whose session is relayed unread."""

    def __init__(self, host: 'Host') -> None:
        super().__init__(logging.DEBUG)     # the second session that is relayed unread for a reason is logged at that level
        self.host = host

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.host.errors.append(self.format(record))
        elif str(record.msg).startswith((UNREAD, RESET)):
            number, name, reason = record.args      # type: ignore[misc]
            self.host.lost_track(name, number, '' if record.msg.startswith(RESET) else reason)


class Host:
    """A fleet and who steers it.

    Attributes:
        dog: Measures the callbacks of its loop.
        trap: Catches calls that may wait.
        errors: What was logged as an error, or escaped into the event loop, since it was last told.
    """

    def __init__(self, dog: Watchdog, trap: Trap) -> None:
        self.dog, self.trap = dog, trap
        self.fleet = Fleet(SEED)
        self.fleet.journal.follow(self._fault)
        self.records: dict[str, Record] = {}
        self.errors: list[str] = []
        setattr(gevent.get_hub(), 'handle_error', self._escaped)    # noqa: B010 - a method that gevent lets one replace

    def _escaped(self, context: Any, kind: Any, value: Any, traceback: Any) -> None:
        if not issubclass(kind, gevent.get_hub().NOT_ERROR):
            self.errors.append(f'{context!r}: {value!r}')

    def _port(self, name: str, number: int) -> str:
        session = self.fleet.proxies[name].sessions.get(number)
        return session.peer.rpartition(':')[2] if session is not None else '0'

    def _fault(self, fault: Fault) -> None:
        port = self._port(fault.proxy, fault.session)
        self.records[fault.proxy].faults.append([port, fault.exchange, fault.behavior, fault.kind, fault.request])
        if fault.behavior == 'hang':
            gevent.spawn_later(HANG, self._end_silent, self.fleet.proxies[fault.proxy], fault.session)

    def _end_silent(self, proxy: Proxy, number: int) -> None:
        """End a session that hangs; where what was asked before the hang is still being answered, look again later."""
        session = proxy.sessions.get(number)
        if session is not None and session.silent:
            session.finish()
        elif session is not None:
            gevent.spawn_later(HANG, self._end_silent, proxy, number)

    def lost_track(self, name: str, number: int, reason: str) -> None:
        """Note that a session is relayed unread; without a reason: that it was reset."""
        record, port = self.records[name], self._port(name, number)
        if reason:
            record.unread[port] = reason
        else:
            record.reset.append(port)

    def serve(self, sock: socket.socket, peer: object) -> None:
        """Do what a connection orders, line by line; each is answered by one line."""
        with sock, sock.makefile('rwb') as lines:
            for line in lines:
                order = json.loads(line)
                done = getattr(self, order.pop('do'))(**order)
                lines.write(json.dumps(done).encode() + b'\n')
                lines.flush()

    # -- orders

    def create(self, name: str, backend: str, protocol: str) -> int:
        self.records.setdefault(name, Record())
        proxy = self.fleet.create(ProxySpec(name=name, proxy='127.0.0.1:0', backend=backend, protocol=protocol))
        return int(proxy.bound.port or 0)

    def change(self, name: str, fields: dict[str, Any]) -> None:
        """Change a proxy: its ``mix``, its ``toxics``."""
        kinds = {'mix': BehaviorSpec, 'toxics': ToxicSpec}
        self.fleet.change(name, **{field: tuple(kinds[field](**entry) for entry in entries) for field, entries in fields.items()})

    def reset(self, name: str) -> None:
        self.fleet.reset(name)

    def flap(self, name: str) -> None:
        self.fleet.change(name, enabled=False)
        self.fleet.change(name, enabled=True)

    def remake(self, name: str) -> int:
        spec = self.fleet.get(name).spec
        self.fleet.remove(name)
        return self.create(name, spec.backend, spec.protocol)

    def kill(self, name: str, port: int | None) -> None:
        """Abort the session of the client at a port; None: all."""
        proxy = self.fleet.get(name)
        for session in list(proxy.sessions.values()):
            if port is None or session.peer.endswith(f':{port}'):
                session.abort()

    def look(self, name: str) -> dict[str, Any]:
        """Tell what is known of a proxy's sessions so far."""
        record = self.records[name]
        return {'faults': record.faults, 'unread': record.unread, 'reset': record.reset}

    def stacks(self, name: str) -> str:
        """Tell where all threads and greenlets stand, and how far the sessions of a proxy have come."""
        proxy = self.fleet.proxies.get(name)
        sessions = [] if proxy is None else [
            f'session {session.number} of {session.peer}: {session.transferred} bytes from both, at {session.under_way()}'
            for session in proxy.sessions.values()]
        return '\n'.join([*sessions, *format_run_info()])

    def callbacks(self) -> dict[str, Any]:
        """Tell how long the callbacks of the loop took: how many there were, the 99.99th percentile [s], the longest."""
        return {'count': self.dog.count, 'percentile': self.dog.percentile(99.99),
                'longest': [str(each) for each in self.dog.longest()[:5]]}

    def settle(self, name: str) -> dict[str, Any]:
        """Wait for the end of all sessions, remove the proxy, and tell what is known of it."""
        proxy = self.fleet.get(name)
        left = 0 if proxy.wait_empty(PATIENCE) else len(proxy.sessions) + len(proxy.arrivals)
        errors = [*self.errors, *map(str, self.trap.calls)]
        found = {**self.look(name), 'left': left, 'errors': errors, 'stats': counts(proxy)}
        self.errors.clear()
        self.trap.calls.clear()
        self.fleet.remove(name)
        del self.records[name]
        return found


def counts(proxy: Proxy) -> dict[str, int]:
    """Return what a proxy has counted, by name."""
    names = ('accepted', 'refused', 'backend_errors', 'handler_errors', 'from_client', 'to_client', 'from_backend', 'to_backend')
    return {name: getattr(proxy.stats, name) for name in names}


class Line:
    """One connection to the host, for one player."""

    def __init__(self, port: int) -> None:
        self._sock = connect(port)
        self._sock.settimeout(3 * PATIENCE)
        self._lines = self._sock.makefile('rwb')

    def __call__(self, do: str, **order: Any) -> Any:
        """Have an order done and return what it answers."""
        self._lines.write(json.dumps({'do': do, **order}).encode() + b'\n')
        self._lines.flush()
        answer = self._lines.readline()
        if not answer:
            raise ConnectionError(f'the host has not answered {do} {order}')
        return json.loads(answer)

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


@contextlib.contextmanager
def running(planted: str = '') -> Iterator[int]:
    """Run a host until the end of the block, and give its port."""
    process = subprocess.Popen([sys.executable, '-m', 'tests.hunt.host', planted], cwd=ROOT, env=environment(), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        process.wait()
        process.stdout.close()


def main(planted: str = '') -> None:
    """Be the host, until standard input ends."""
    if planted:
        plant(planted)
    failures.SLOW_HEADERS_PAUSE = SLOW
    with Watchdog() as dog, Trap() as trap:
        host = Host(dog, trap)
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.addHandler(Log(host))
        logging.getLogger('vaurien.proxies.unapplied').setLevel(logging.DEBUG)
        host.create('warm', '127.0.0.1:1', 'tcp')    # the first one looks for plugins
        host.settle('warm')
        gc.freeze()     # as the command line does when it begins to serve
        server = StreamServer(('127.0.0.1', 0), host.serve)
        server.start()
        print(server.server_port, flush=True)
        gevent.get_hub().threadpool.apply(sys.stdin.read)
        server.stop()
        host.fleet.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
