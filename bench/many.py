"""Thousands of sessions under a full mix, and thousands of proxies that are asked for, changed and followed: what one more costs.

Knows a vaurien by its command line and its control server. Linux only.
"""
import contextlib
import http.client
import json
import resource
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.daemon import Daemon, daemon
from tests.support.peers import connect, read_to_end
from tests.support.processes import HOST, folder

from .machine import meters

PROXIES = 20        #: that the sessions are shared by
ROUNDS = 4          #: questions on each of those sessions
AT_ONCE = 200       #: sessions that ask at the same time
CHANGES = 20        #: proxies that are made, changed and removed while all others are there
CLIENTS = 1_000     #: connect at the same moment to a fleet, one after the other to its proxies
LOOKS = 3           #: at each list, of which the least is taken
FOLLOWED = 3        #: seconds of the page's feed
SECONDS = 60.0      #: for whatever has to come
PING = b'PING\r\n'
#: what goes wrong on those sessions: of each a little, and nothing that ends one
MIX = """protocol = redis
behavior = 1:delay,1:error,1:transient
behavior.delay.sleep = 0.001
toxic = latency@downstream:latency=1
        bandwidth@upstream:rate=100000
"""

Costs = dict[str, float]


def work(pid: int) -> float:
    """Return the processor time that the threads of a process have used [s], to the nanosecond; see proc(5), schedstat."""
    return sum(int(path.read_text().split()[0]) for path in Path(f'/proc/{pid}/task').glob('*/schedstat')) / 1e9


@contextlib.contextmanager
def costing(pid: int, count: int, costs: Costs, name: str) -> Iterator[None]:
    """Write down the processor time that a process takes for a block, for each of ``count``."""
    before = work(pid)
    yield
    costs[name] = (work(pid) - before) / count


def ended() -> float:
    """Return the processor time of all children that have ended [s]."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Control:
    """The control server of a vaurien, one connection for each request, as ``vaurienctl`` asks.

    Args:
        url: Where it is.
    """

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self.host, self.port = at.hostname or HOST, at.port or 80

    def ask(self, path: str, method: str = 'GET', body: object = None) -> bytes:
        """Ask for something, and read all of the response.

        Raises:
            RuntimeError: It is refused.
        """
        with contextlib.closing(http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)) as connection:
            connection.request(method, path, json.dumps(body) if body is not None else None, {'Content-Type': 'application/json'})
            response = connection.getresponse()
            found = response.read()
        if response.status >= 400:
            raise RuntimeError(f'{method} {path} gives {response.status}: {found!r}')
        return found


def least(control: Control, pid: int, path: str) -> float:
    """Return the processor time of one response [s]: the least of some."""
    costs: Costs = {}
    found = []
    for _ in range(LOOKS):
        with costing(pid, 1, costs, path):
            control.ask(path)
        found.append(costs[path])
    return min(found)


@contextlib.contextmanager
def following(control: Control) -> Iterator[None]:
    """Follow what the page shows, in a thread of its own."""
    with connect(control.port) as sock:
        sock.sendall(b'GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
        thread = threading.Thread(target=read_to_end, args=(sock,))
        thread.start()
        yield
        sock.shutdown(socket.SHUT_RDWR)
        thread.join()


def followed(control: Control, pid: int) -> float:
    """Return the processor time of a second of the page's feed, once its follower knows all [s]."""
    costs: Costs = {}
    with following(control):
        time.sleep(1.5)
        with costing(pid, FOLLOWED, costs, 'feed'):
            time.sleep(FOLLOWED)
    return costs['feed']


# -- sessions

def mixed(count: int, backend: str) -> Costs:
    """Open so many sessions under a full mix with toxics and a journal, ask on all of them, and end all with SIGTERM."""
    costs: Costs = {}
    with folder() as where:
        path = where / 'mixed.ini'
        write(path, PROXIES, backend, MIX, where / 'journal')
        with daemon('--config', str(path), proxies=PROXIES) as vaurien:
            vaurien.wait_for('control server on')
            pid, control, clients = vaurien.pid, Control(vaurien.control), list[socket.socket]()
            ports = [port for _, port in vaurien.proxies.values()]
            for port in ports:      # the first session of a proxy is made of what is not there yet
                with connect(port) as client:
                    answered([client])
            before = meters.memory(pid)
            with costing(pid, count, costs, 'open'):
                for number in range(count):
                    clients.append(connect(ports[number % PROXIES]))
                answered(clients)
            costs['memory'] = (meters.memory(pid) - before) / count
            with costing(pid, count * ROUNDS, costs, 'request'):
                for _ in range(ROUNDS):
                    answered(clients)
            costs['metrics'] = least(control, pid, '/metrics') / count
            with costing(pid, 1, costs, 'idle'):
                time.sleep(1)
            costs['feed'] = (followed(control, pid) - costs['idle']) / count
            costs['list'] = least(control, pid, '/v1/proxies/p0/sessions?limit=100')
            gone, used, began = ended(), work(pid), time.monotonic()
            assert vaurien.stop() == 0
            costs['drain'], costs['drained'] = (ended() - gone - used) / count, (time.monotonic() - began) / count
            for client in clients:
                client.close()
    return costs


def answered(clients: Sequence[socket.socket]) -> None:
    """Ask on all, some at a time, and wait for their answers.

    Raises:
        RuntimeError: Some have none.
    """
    for start in range(0, len(clients), AT_ONCE):
        waiting = {client.fileno(): client for client in clients[start:start + AT_ONCE]}
        with select.epoll() as poll:
            for number, client in waiting.items():
                poll.register(number, select.EPOLLIN)
                client.send(PING)
            until = time.monotonic() + SECONDS
            while waiting:
                if time.monotonic() > until:
                    raise RuntimeError(f'{len(waiting)} clients got no answer')
                for number, _ in poll.poll(1.0):
                    if not waiting.pop(number).recv(4096).endswith(b'\n'):
                        raise RuntimeError('a session has ended')
                    poll.unregister(number)


# -- proxies

def fleet(count: int, backend: str) -> Costs:
    """Start so many proxies from a file, look at them, change one, reload, and let clients come to all."""
    costs: Costs = {}
    with folder() as where:
        path = where / 'fleet.ini'
        write(path, 1, backend)
        for _ in range(2):      # the second time the files of Python are at hand
            with running(path, 1) as vaurien:
                cpu, memory = work(vaurien.pid), meters.memory(vaurien.pid)
        write(path, count, backend)
        with running(path, count) as vaurien:
            pid, control = vaurien.pid, Control(vaurien.control)
            costs['start'] = (work(pid) - cpu) / count
            costs['memory'] = (meters.memory(pid) - memory) / count
            looked_at(control, pid, count, costs)
            changed(control, pid, backend, costs)
            write(path, count, backend, last='timeout = 7\n')
            with costing(pid, count, costs, 'reload'):
                vaurien.send(signal.SIGHUP)
                vaurien.wait_for('reloaded: changed')
            with costing(pid, 1, costs, 'idle'):
                time.sleep(1)
            with costing(pid, CLIENTS, costs, 'burst'):
                arrive(vaurien)
    return costs


def looked_at(control: Control, pid: int, count: int, costs: Costs) -> None:
    """Write down what all lists of proxies cost, for each."""
    for name, path in (('list', '/v1/proxies'), ('toxiproxy', '/proxies'), ('stats', '/v1/stats'), ('metrics', '/metrics')):
        costs[name] = least(control, pid, path) / count
    costs['feed'] = followed(control, pid) / count


def changed(control: Control, pid: int, backend: str, costs: Costs) -> None:
    """Write down what it costs to make, change and remove one."""
    names = [f'more{number}' for number in range(CHANGES)]
    with costing(pid, CHANGES, costs, 'create'):
        for name in names:
            control.ask('/v1/proxies', 'POST', {'name': name, 'proxy': '127.0.0.1:0', 'backend': backend})
    with costing(pid, CHANGES, costs, 'change'):
        for name in names:
            control.ask(f'/v1/proxies/{name}', 'PATCH', {'mix': '5:delay'})
    with costing(pid, CHANGES, costs, 'plan'):
        for name in names:
            control.ask('/v1/plan', 'POST', {'faults': [f'{name}: #9 = abort']})
    with costing(pid, CHANGES, costs, 'remove'):
        for name in names:
            control.ask(f'/v1/proxies/{name}', 'DELETE')


def arrive(vaurien: Daemon) -> None:
    """Connect clients at once, spread over all proxies, and let each ask once."""
    ports = [port for _, port in vaurien.proxies.values()]
    with contextlib.ExitStack() as stack:
        clients = []
        for number in range(CLIENTS):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex((HOST, ports[number % len(ports)]))
            clients.append(client)
        for client in clients:
            client.setblocking(True)
            client.settimeout(SECONDS)
            client.send(PING)
        for client in clients:
            if client.recv(4096) != PING:
                raise RuntimeError('a connection of a burst has ended')


def write(path: Path, count: int, backend: str, each: str = '', journal: Path | None = None, last: str = '') -> None:
    """Write a file with so many proxies; each has something more, and the last one yet something else."""
    proxy = '[proxy:p{}]\nproxy = 127.0.0.1:0\nbackend = {}\n' + each
    path.write_text('[vaurien]\nfleet_only = yes\nhttp = yes\nhttp_port = 0\ntoxiproxy = yes\ngrace = 0\nlog_level = info\n'
                    + (f'journal = {journal}\n' if journal else '')
                    + ''.join(proxy.format(number, backend) for number in range(count)) + last)


@contextlib.contextmanager
def running(path: Path, count: int) -> Iterator[Daemon]:
    """Run vaurien with such a file."""
    with daemon('--config', str(path), proxies=count) as vaurien:
        vaurien.wait_for('control server on')
        yield vaurien
