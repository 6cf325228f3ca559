"""Holds the conversations of one seed in one way, and tells what came of them. Knows scripts, and no protocol by name."""
import contextlib
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple

import gevent
from gevent import socket

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.message import MessageProtocol
from vaurien.proxies.fleet import Fleet
from vaurien.proxies.proxy import Proxy
from vaurien.spec import ProxySpec

from .backend import HOST, Between, pieces
from .scripts import Complete, Quiet, Script

#: [s] without a byte after which a request that may have no response is said to have none
QUIET = 1.5 * MS
#: [s] after which a session is looked at again without a byte having come: at first, and at most
LOOK, MAX_LOOK = 0.5 * MS, 20 * MS

Fault = tuple[int, str, str, str]


class Manner(NamedTuple):
    """How a conversation is held.

    Args:
        name: What it is called.
        single: Each request waits for the response to the one before; else all of a batch are sent at once.
        minced: Requests and responses come in small pieces.
        together: All sessions go on at the same time; else one after the other.
    """

    name: str
    single: bool = False
    minced: bool = False
    together: bool = False


class Outcome(NamedTuple):
    """What came of a session.

    Args:
        faults: What the journal has of it: the exchange, behavior, kind and name of each.
        said: What the client got, byte by byte.
        lost: Bytes on their way to the client were lost: the connection was cut or reset.
    """

    faults: tuple[Fault, ...]
    said: bytes
    lost: bool


class Client:
    """One client of a proxy, which runs a script.

    Args:
        proxy: The proxy.
        number: The number that its session gets; all before it are connected.
        manner: How it sends.
        random: Cuts what it sends.
    """

    def __init__(self, proxy: Proxy, number: int, manner: Manner, random: Random) -> None:
        self._proxy, self._number, self._manner, self._random = proxy, number, manner, random
        self.said, self.over, self.reset = bytearray(), False, False
        self._sent = 0
        self._sock = socket.create_connection((HOST, proxy.bound.port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with gevent.Timeout(PATIENCE):
            while not (number in proxy.sessions or proxy.stats.accepted >= number and not len(proxy.arrivals)):
                gevent.sleep(0)

    def run(self, script: Script) -> None:
        """Say what the script says, until it ends or the connection does."""
        with contextlib.closing(self._sock), contextlib.suppress(StopIteration):
            batch = next(script)
            while True:
                before = len(self.said)
                if callable(batch):
                    self._wait(partial(self._complete, batch))
                else:
                    self._say(batch)
                if self.over:
                    return
                batch = script.send(bytes(self.said[before:]))

    def _complete(self, complete: Complete) -> bool:
        return complete(bytes(self.said))

    def _say(self, batch: list[bytes]) -> None:
        for request in batch if self._manner.single else [b''.join(batch)]:
            with contextlib.suppress(OSError):      # what ended it is read below
                for piece in pieces(self._random if self._manner.minced else None, request):
                    self._sent += len(piece)
                    self._sock.sendall(piece)
            if isinstance(request, Quiet):
                self._read(QUIET)
            else:
                self._wait(self._answered)
            if self.over:
                return

    def _wait(self, answered: Callable[[], bool]) -> None:
        """Read until what was sent is answered, or the connection is over."""
        look = LOOK
        with gevent.Timeout(PATIENCE, False):
            while not (self._ended() or answered()):
                look = LOOK if self._read(look) else min(2 * look, MAX_LOOK)
            while self._read(0):
                pass
            return
        session = self._proxy.sessions[self._number]
        queue = list(session.protocol.queue) if isinstance(session.protocol, MessageProtocol) else []
        faults = [fault for fault in self._proxy.journal.since() if fault.session == self._number]
        raise AssertionError(f'seed {self._proxy.seed}, session {self._number}, {self._manner.name}: {queue} wait, '
                             f'with the faults {faults}, after {bytes(self.said[-200:])!r}')

    def _ended(self) -> bool:
        """Return whether nothing comes any more."""
        session = self._proxy.sessions.get(self._number)
        if session is None or session.silent:
            while self._read(LOOK):
                pass
            self.over = True
        return self.over

    def _answered(self) -> bool:
        """Return whether nothing is under way in the session."""
        session = self._proxy.sessions[self._number]
        upstream: Any = session.upstream
        downstream: Any = session.downstream
        at_work = any(lane.busy or lane.left is not None for lane in (upstream, downstream)) or downstream.replying
        unanswered = session.protocol.queue or upstream.cutter.held
        return session.client.received == self._sent and session.client.idle and not (at_work or unanswered)

    def _read(self, timeout: float) -> bool:
        """Read what comes within a time; False: nothing came."""
        self._sock.settimeout(timeout)
        try:
            data = self._sock.recv(1 << 20)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            self.over = self.reset = True
            return False
        finally:
            self._sock.settimeout(None)
        self.over = self.over or not data
        self.said += data
        return bool(data)


def play(seed: int, spec: ProxySpec, between: Between, manner: Manner, scripts: list[Script]) -> list[Outcome]:
    """Hold conversations through a proxy of its own, session 1 with the first script and so on, and return what came of each."""
    fleet = Fleet(seed)
    between.random = Random(seed) if manner.minced else None
    try:
        proxy = fleet.create(spec)
        clients = []
        for number, script in enumerate(scripts, 1):
            client = Client(proxy, number, manner, Random(number))
            clients.append(client)
            if not manner.together:
                client.run(script)
        if manner.together:
            with gevent.Timeout(PATIENCE):
                gevent.joinall([gevent.spawn(client.run, script) for client, script in zip(clients, scripts, strict=True)],
                               raise_error=True)
        proxy.wait_empty(PATIENCE)
        between.wait_idle()
        faults = list(fleet.journal.since())
        return [Outcome(tuple((fault.exchange, fault.behavior, fault.kind, fault.request) for fault in faults
                              if fault.session == number), bytes(client.said), client.reset) for number, client in
                enumerate(clients, 1)]
    finally:
        fleet.close()


def exchange(address: str, request: bytes, until: bytes) -> None:
    """Say something to a server itself, and wait until it has said how its answer ends."""
    host, _, port = address.rpartition(':')
    with contextlib.closing(socket.create_connection((host, int(port)))) as sock, gevent.Timeout(PATIENCE):
        sock.sendall(request)
        said = b''
        while until not in said:
            data = sock.recv(65536)
            assert data, 'the server has left'
            said += data


