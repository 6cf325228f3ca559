"""Whether costs grow with what there is, and no faster: sessions at once, also under a full mix, bursts of clients, proxies.

``python -m bench.scale`` doubles each of them three times, in a fresh vaurien each time, and prints what one more costs. A cost
that grows with the square of the number would come out eight times as high at the end. Linux only.
"""
import argparse
import contextlib
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.support.daemon import daemon
from tests.support.peers import ask, connect
from tests.support.processes import HOST

from . import many
from .loads import child
from .machine import meters
from .many import costing, work

SESSIONS, BURST, PROXIES = 9_900, 2_000, 2_000      #: of each at the end
DOUBLINGS = 3
SPARE = 100         #: descriptors of a process that are no session's
REQUESTS = 4_000    #: asked while all sessions are open
IDLE = 1.0          #: [s] in which nothing is asked
WAIT = 60.0         #: [s] for all answers of a burst
GROWTH = 2.0        #: times as much that one more may cost at eight times the number; with the square it would be eight

Costs = dict[str, float]


class Growth(NamedTuple):
    """What grows.

    Args:
        name: What there is more and more of.
        most: How much of it at the end.
        cost: Measures what one more costs; gets how many there are, and where its backend listens.
        units: By figure: its unit, and what it is multiplied with to come into that.
        backend: What it needs, by its name in ``bench.child``.
    """

    name: str
    most: int
    cost: Callable[[int, str], Costs]
    units: dict[str, tuple[str, float]]
    backend: str = 'echo'


def possible(sessions: int) -> int:
    """Return how many sessions this machine allows a process, which has two descriptors for each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(sessions, (hard - SPARE) // 2)


def sessions(count: int, backend: str) -> Costs:
    """Open so many sessions that stay, and ask on all of them in turn."""
    costs: Costs = {}
    with daemon('--backend', backend, '--log-level', 'warning', '--grace', '0') as vaurien:
        pid, clients = vaurien.pid, list[socket.socket]()
        connect(vaurien.port).close()
        before = meters.memory(pid)
        with costing(pid, count, costs, 'open'):
            for _ in range(count):
                clients.append(connect(vaurien.port))
                ask(clients[-1], b'x')
        costs['memory'] = (meters.memory(pid) - before) / count
        with costing(pid, REQUESTS, costs, 'request'):
            for number in range(REQUESTS):
                ask(clients[number * 7919 % count], b'x' * 64)
        with costing(pid, 1, costs, 'idle'):
            time.sleep(IDLE)
        with costing(pid, count, costs, 'close'):
            for client in clients:
                client.close()
            quiet(pid)
    return costs


def quiet(pid: int) -> None:
    """Wait until a process does nothing any more."""
    before = -1.0
    while (now := work(pid)) != before:
        before = now
        time.sleep(0.1)


def burst(count: int, backend: str) -> Costs:
    """Connect so many clients at once, and wait until the last one has its answer."""
    costs: Costs = {}
    with daemon('--backend', backend, '--log-level', 'warning', '--grace', '0') as vaurien, contextlib.ExitStack() as stack:
        connect(vaurien.port).close()
        started = time.monotonic()
        with costing(vaurien.pid, count, costs, 'open'):
            clients = {}
            for _ in range(count):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex((HOST, vaurien.port))
                clients[client.fileno()] = client
            answered(clients)
        costs['last'] = (time.monotonic() - started) / count
    return costs


def answered(clients: dict[int, socket.socket]) -> None:
    """Ask on each connection as soon as there is one, until all are answered.

    Raises:
        RuntimeError: Some are not.
        OSError: A connection was lost.
    """
    poll, waiting, until = select.epoll(), set(clients), time.monotonic() + WAIT
    with poll:
        for number in clients:
            poll.register(number, select.EPOLLOUT)
        while waiting:
            if time.monotonic() > until:
                raise RuntimeError(f'{len(waiting)} of {len(clients)} clients of a burst got no answer')
            for number, event in poll.poll(1.0):
                if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                    clients[number].send(b'x')
                    poll.modify(number, select.EPOLLIN)
                elif clients[number].recv(1) == b'x':
                    poll.unregister(number)
                    waiting.discard(number)
                else:
                    raise RuntimeError('a connection of a burst has ended')


CPU, ONE, KB = ('us of cpu', 1e6), ('us of cpu each', 1e6), ('KB', 1 / 1024)
IDLE_CPU = 'ms of cpu in all, in 1 s', 1e3
GROWTHS = (
    Growth('sessions', SESSIONS, sessions,
           {'open': CPU, 'memory': KB, 'request': CPU, 'close': CPU, 'idle': IDLE_CPU}),
    Growth('burst', BURST, burst, {'open': CPU, 'last': ('us', 1e6)}),
    Growth('mixed', SESSIONS, many.mixed,
           {'open': CPU, 'memory': KB, 'request': CPU, 'metrics': CPU, 'feed': CPU, 'list': ONE, 'idle': IDLE_CPU, 'drain': CPU,
            'drained': ('us', 1e6)}, 'pong'),
    Growth('fleet', PROXIES, many.fleet,
           {'start': CPU, 'memory': KB, 'list': CPU, 'toxiproxy': CPU, 'stats': CPU, 'metrics': CPU, 'feed': CPU, 'create': ONE,
            'change': ONE, 'plan': ONE, 'remove': ONE, 'reload': CPU, 'burst': ONE, 'idle': IDLE_CPU}),
)
#: those of which each is a session, with two descriptors
OPENING = ('sessions', 'mixed')
#: figures that are too small to be divided by: below this they count as this [in their units]. That of ``start`` is the noise
#: of what a process takes to start at all, divided by an eighth of the proxies
FLOOR = {'us of cpu': 50.0, 'us of cpu each': 1_000.0, 'us': 100.0, 'KB': 2.0, 'ms of cpu in all, in 1 s': 20.0, 'start': 500.0}


def measure(growth: Growth, most: int) -> list[tuple[int, Costs]]:
    """Measure at an eighth, a quarter, a half, and at the most; figures in their units."""
    with child(growth.backend) as backend:
        found = []
        for doubling in range(DOUBLINGS, -1, -1):
            count = most >> doubling
            costs = growth.cost(count, backend.address)
            found.append((count, {name: costs[name] * factor for name, (_, factor) in growth.units.items()}))
    return found


def too_much(growth: Growth, found: Sequence[tuple[int, Costs]]) -> list[str]:
    """Say which costs have grown faster than what there is."""
    (_, first), (most, last) = found[0], found[-1]
    result = []
    for name, (unit, _) in growth.units.items():
        low, high = max(first[name], FLOOR.get(name, FLOOR[unit])), last[name]
        if high > GROWTH * low:
            result.append(f'{growth.name}: {name} is {high:.1f} {unit} at {most}, and was {first[name]:.1f}')
    return result


def show(growth: Growth, found: Sequence[tuple[int, Costs]]) -> None:
    """Print a table."""
    print(f'\n{growth.name:12}' + ''.join(f'{count:>12,}' for count, _ in found))
    for name, (unit, _) in growth.units.items():
        print(f'  {name:10}' + ''.join(f'{costs[name]:>12.1f}' for _, costs in found) + f'  {unit}')


def main() -> int:
    """Measure all; 1 where something has grown faster than it may."""
    parser = argparse.ArgumentParser('python -m bench.scale', description=__doc__)
    parser.add_argument('--share', type=float, default=1.0, help='of the full numbers, 0 to 1')
    share, failures = parser.parse_args().share, []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))     # ends what was started
    for growth in GROWTHS:
        most = int(growth.most * share)
        allowed = possible(most) if growth.name in OPENING else possible(most * 2) and most
        if allowed < most:
            print(f'{growth.name}: {allowed:,} in place of {most:,}, as a process may open '
                  f'{resource.getrlimit(resource.RLIMIT_NOFILE)[0]:,} files here')
        found = measure(growth, allowed)
        show(growth, found)
        failures += too_much(growth, found)
    print('', *(failures or ['no cost has grown faster than what there is']), sep='\n')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
