"""What is measured: a table. Knows a relay by its port and process only, and not what it is."""
import contextlib
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

from tests.seeds.run import trusting_postgres
from tests.support import peers
from tests.support.processes import HOST, end, folder, program
from tests.support.servers import mariadb_server, memcached_server, nghttpd_server, nginx_server, redis_server
from tests.support.tls import certificates

from . import meters, punctual
from .contenders import Relay

MB = 1_000_000                  #: [bytes]
GB = 1_000 * MB                 #: [bytes]
BODY = 'body'                   #: the name of the large file that nginx has
READ = bytearray(1024 * 1024)   #: [bytes] what the receiver of a bulk transfer reads at once, over and over
CALL = '/vaurien.test.Echo/Unary'       #: the name of the call of gRPC
MESSAGE = b'\0\0\0\0\5hello'             #: of it, both ways
ENOUGH = 120                    #: [s] for one run of a load, whatever the machine

#: of the clients that look at no certificate, as wrk does
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE

Figures = dict[str, float]
Load = Callable[[Relay, float], Figures]


class Column(NamedTuple):
    """One figure of a measurement.

    Attributes:
        key: Its name among what the load returns; ``cpu`` is processor time of the relay for each of its ``count`` [s].
        title: What stands above it, with its unit.
        factor: What it is multiplied with to come into that unit.
        digits: Shown behind the point.
    """

    key: str
    title: str
    factor: float = 1
    digits: int = 0


class Measurement(NamedTuple):
    """One group of columns of the result.

    Attributes:
        name: What it is called there.
        backend: A name of ``BACKENDS``: what the relays stand in front of.
        load: Puts load on a relay; its second argument is 1, or less for a short run.
        columns: The figures.
        once: One round tells all, and it takes a fresh process.
        direct: Whether it means anything with nothing in between.
        tls: The backend and the clients speak TLS, and so do the relays, on both sides.
        beside: The rows that ratios are to; empty: those of all groups.
        named: Only those contenders take part that name it.
    """

    name: str
    backend: str
    load: Load
    columns: tuple[Column, ...]
    once: bool = False
    direct: bool = True
    tls: bool = False
    beside: tuple[str, ...] = ()
    named: bool = False


def measure(measurement: Measurement, relay: Relay, scale: float) -> Figures:
    """Run a load once and add the relay's processor time for each of what the load counts.

    ``own`` is how many a second it would relay if each of its processes had a core of its own, of which neither the load nor the
    backend had a part: all that were relayed, by the processor time of the process that has used most. So where the connections
    are not shared out evenly the busiest one decides.
    """
    before = meters.each_cpu_seconds(relay.pid) if relay.pid else {}
    figures = measurement.load(relay, scale)
    if relay.pid:
        spent = [seconds - before.get(pid, 0.0) for pid, seconds in meters.each_cpu_seconds(relay.pid).items()]
        figures['cpu'] = sum(spent) / figures['count']
        figures['own'] = figures['count'] / max(*spent, meters.TICK)
    return figures


def output(*command: str) -> str:
    """Run a program to its end and return what it printed."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                          timeout=ENOUGH).stdout


def requests(connections: int, count: int) -> Load:
    """Make a load of small requests, each after the answer to the one before: ``GET`` of 64 bytes from Redis."""
    def load(relay: Relay, scale: float) -> Figures:
        printed = output(program('redis-benchmark'), '-h', HOST, '-p', str(relay.port), '-t', 'get', '-d', '64',
                         '-c', str(connections), '-n', str(int(count * scale)), '--csv')
        header, row = (re.findall('"([^"]*)"', line) for line in printed.strip().splitlines()[-2:])
        found = dict(zip(header, row, strict=True))
        return {'count': int(count * scale), 'rate': float(found['rps']),
                'p50': float(found['p50_latency_ms']), 'p99': float(found['p99_latency_ms'])}
    return load


def asking(question: bytes, end: bytes, connections: int, count: int, depth: int = 1, login: str = '') -> Load:
    """Make a load of small requests to any server, from a process of its own; the arguments are those of ``child.ask``."""
    def load(relay: Relay, scale: float) -> Figures:
        asked = int(count * scale)
        printed = output(sys.executable, '-m', 'bench.child', 'ask', str(relay.port), question.hex(), end.hex(),
                         str(connections), str(asked), str(depth), *filter(None, (login,)))
        return {'count': asked, 'rate': asked / float(printed)}
    return load


def beside(connections: int, count: int) -> Load:
    """Make a load of ``GET`` while as many connections ``SET``, and see how long the ``GET`` take."""
    def load(relay: Relay, scale: float) -> Figures:
        others = subprocess.Popen([program('redis-benchmark'), '-h', HOST, '-p', str(relay.port), '-t', 'set', '-d', '64',
                                   '-c', str(connections), '-n', '100000000', '-q'],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            return requests(connections, count)(relay, scale)
        finally:
            end(others)
    return load


def wrk(connections: int, seconds: int, *more: str, scheme: str = 'http') -> Load:
    """Make a load of requests for one small file from nginx.

    Args:
        connections: How many ask at the same time.
        seconds: How long.
        more: More of wrk's command line.
        scheme: ``https``: inside TLS; a connection resumes no other one's session.
    """
    def load(relay: Relay, scale: float) -> Figures:
        printed = output(program('wrk'), '-t', '1', '-c', str(connections), '-d', f'{max(1, round(seconds * scale))}s',
                         *more, f'{scheme}://{HOST}:{relay.port}/')
        if failed := re.search(r'Socket errors.*|Non-2xx.*', printed):
            raise RuntimeError(failed[0])
        count = re.search(r'(\d+) requests in ', printed)
        rate = re.search(r'Requests/sec: +([\d.]+)', printed)
        if not count or not rate:
            raise RuntimeError(f'wrk printed {printed!r}')
        return {'count': int(count[1]), 'rate': float(rate[1])}
    return load


def h2load(count: int, path: str, *more: str, content: bytes = b'') -> Load:
    """Make a load of requests over HTTP/2: 10 connections, 10 streams on each.

    Args:
        count: How many in all.
        path: For what.
        more: More of h2load's command line.
        content: What is sent with each; empty: nothing, and they are ``GET``.
    """
    def load(relay: Relay, scale: float) -> Figures:
        asked = int(count * scale)
        with folder() as where:
            (where / 'content').write_bytes(content)
            sent = ('-d', str(where / 'content')) if content else ()
            printed = output(program('h2load'), '-c', '10', '-m', '10', '-n', str(asked), *sent, *more,
                             f'http://{HOST}:{relay.port}{path}')
        rate = re.search(r'finished in .*?, ([\d.]+) req/s', printed)
        if not rate or f' {asked} succeeded' not in printed:
            raise RuntimeError(f'h2load printed {printed!r}')
        return {'count': asked, 'rate': float(rate[1])}
    return load


def to(relay: Relay, tls: bool) -> socket.socket:
    """Connect to a relay; inside TLS its certificate is not looked at."""
    sock = peers.connect(relay.port)
    return CONTEXT.wrap_socket(sock) if tls else sock


def body(tls: bool = False) -> Load:
    """Make a load of one large file from nginx, over HTTP."""
    def load(relay: Relay, scale: float) -> Figures:
        wanted = int(GB * scale) // 2
        with to(relay, tls) as sock:
            started = time.perf_counter()
            sock.sendall(b'GET /%s HTTP/1.1\r\nHost: bench\r\nRange: bytes=0-%d\r\nConnection: close\r\n\r\n'
                         % (BODY.encode(), wanted - 1))
            received = 0
            while count := sock.recv_into(READ):
                received += count
            seconds = time.perf_counter() - started
        if received < wanted:
            raise RuntimeError(f'{wanted - received} of {wanted} bytes have not come')
        return {'count': wanted, 'rate': wanted / seconds}
    return load


def bulk(size: int) -> Load:
    """Make a load of one stream from the backend to the client."""
    def load(relay: Relay, scale: float) -> Figures:
        asked = received = int(size * scale)
        with peers.connect(relay.port) as sock:
            started = time.perf_counter()
            sock.sendall(struct.pack('!Q', asked))
            while count := sock.recv_into(READ):
                received -= count
            seconds = time.perf_counter() - started
        if received:
            raise RuntimeError(f'{received} of {asked} bytes have not come')
        return {'count': asked, 'rate': asked / seconds}
    return load


def idle(sessions: int, tls: bool = False) -> Load:
    """Make a load of sessions that have said one byte each, and see what they weigh.

    Half as many are opened first and stay: they fill what a process has free from its start, and would look like nothing.
    """
    def load(relay: Relay, scale: float) -> Figures:
        assert relay.pid, 'what is weighed is a process'
        count = int(sessions * scale)
        with contextlib.ExitStack() as stack:
            _say(relay, count // 2, stack, tls)
            before = meters.memory(relay.pid)
            _say(relay, count, stack, tls)
            return {'count': count, 'weight': (meters.memory(relay.pid) - before) / count}
    return load


def lateness(connections: int, in_step: bool, relay: Relay, scale: float) -> Figures:
    """See how much later than they were told to be answers are; see ``punctual.late``."""
    return punctual.late(relay, connections, in_step, scale)


def starting(relay: Relay, scale: float) -> Figures:
    """Start one more relay, and see how long it takes until the first connection is accepted, and what was spent until then."""
    assert relay.again, 'nothing in between does not start'
    begun = time.perf_counter()
    with relay.again() as started:
        peers.connect(started.port).close()
        seconds = time.perf_counter() - begun
        assert started.pid
        return {'count': 1, 'seconds': seconds, 'spent': meters.cpu_seconds(started.pid)}


def _say(relay: Relay, count: int, stack: contextlib.ExitStack, tls: bool) -> None:
    for _ in range(count):
        peers.ask(stack.enter_context(to(relay, tls)), b'x')


@contextlib.contextmanager
def redis_with_a_value() -> Iterator[Any]:
    """Run Redis with the key that redis-benchmark asks for, and the one of ``GET``."""
    with redis_server() as server:
        output(program('redis-benchmark'), '-h', HOST, '-p', str(server.port), '-t', 'set', '-d', '64', '-n', '1', '-q')
        with peers.connect(server.port) as sock:
            peers.ask(sock, SET, len(b'+OK\r\n'))
        yield server


@contextlib.contextmanager
def memcached_with_a_value() -> Iterator[Any]:
    """Run memcached with the key that is asked for."""
    with memcached_server() as server:
        with peers.connect(server.port) as sock:
            peers.ask(sock, b'set key 0 0 64\r\n' + b'x' * 64 + b'\r\n', len(b'STORED\r\n'))
        yield server


@contextlib.contextmanager
def nginx_with_a_body(files: Sequence[str] = ()) -> Iterator[Any]:
    """Run nginx with a file of 1 GB that takes no room on the disk."""
    with nginx_server(files=files) as server:
        path = server.folder / 'www' / BODY
        path.touch()
        os.truncate(path, GB)
        yield server


@contextlib.contextmanager
def nghttpd_with_a_call() -> Iterator[Any]:
    """Run nghttpd, whose responses end as those of gRPC do, and which has one message for a call."""
    with nghttpd_server('--trailer', 'grpc-status: 0') as server:
        path = server.folder / 'www' / CALL[1:]
        path.parent.mkdir()
        path.write_bytes(MESSAGE)
        yield server


class Child(NamedTuple):
    address: str


@contextlib.contextmanager
def child(*arguments: str) -> Iterator[Child]:
    """Run one of ``bench.child``."""
    process = subprocess.Popen([sys.executable, '-m', 'bench.child', *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout
        with process.stdout:
            yield Child(f'{HOST}:{int(process.stdout.readline())}')
    finally:
        end(process)


#: What relays stand in front of, by name; each has an ``address``.
BACKENDS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    'redis': redis_with_a_value,
    'nginx': nginx_with_a_body,
    'memcached': memcached_with_a_value,
    'mariadb': mariadb_server,
    'postgres': trusting_postgres,
    'source': lambda: child('source'),
    'echo': lambda: child('echo'),
    'nghttpd': nghttpd_with_a_call,
    'tls nginx': lambda: nginx_with_a_body(certificates().files),
    'tls echo': lambda: child('echo', *certificates().files),
}

#: the figures of small requests
REQUESTS = Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)
PIPELINE = 16   #: [requests] that a client sends at once
VALUE = b'$64\r\n' + b'x' * 64 + b'\r\n'
GET, SET = b'*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n', b'*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n' + VALUE
PAGE = b'GET / HTTP/1.1\r\nHost: bench\r\n\r\n'
POINT = b'SELECT 1 + 1 AS a'    #: a query that costs the server little
#: how many ask, and whether all at the same moment
DELAYS = {'delays spread': (50, False), 'delays in step': (50, True), 'delays of many': (1_000, False)}

MEASUREMENTS = (
    Measurement('50 connections', 'redis', requests(50, 60_000), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1), Column('p99', 'p99 ms', 1, 2))),
    Measurement('200 connections', 'redis', requests(200, 100_000), (
        Column('own', 'req/s of own time'), Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), named=True,
        beside=('vaurien alone', 'other alone')),
    Measurement('1 connection', 'redis', requests(1, 10_000), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1), Column('p50', 'p50 ms', 1, 3))),
    Measurement('bulk', 'source', bulk(GB), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2))),
    Measurement('redis x16', 'redis', asking(GET, VALUE, 50, 400_000, PIPELINE), REQUESTS),
    Measurement('memcache', 'memcached', asking(b'get key\r\n', b'END\r\n', 50, 40_000), REQUESTS),
    Measurement('memcache x16', 'memcached', asking(b'get key\r\n', b'END\r\n', 50, 400_000, PIPELINE), REQUESTS),
    Measurement('http', 'nginx', wrk(50, 2), REQUESTS),
    Measurement('http x16', 'nginx', asking(PAGE, b'works</h1>\n', 50, 200_000, PIPELINE), REQUESTS),
    Measurement('mysql', 'mariadb', asking(b'\x12\0\0\0\3' + POINT, b'\xfe\0\0\2\0', 16, 20_000, 1, 'mysql'), REQUESTS),
    Measurement('postgres', 'postgres', asking(b'Q\0\0\0\x16' + POINT + b'\0', b'\5I', 16, 20_000, 1, 'postgres'), REQUESTS),
    Measurement('http body', 'nginx', body(), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2))),
    Measurement('http2', 'nghttpd', h2load(40_000, '/'), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), beside=('haproxy h2', 'vaurien')),
    Measurement('grpc', 'nghttpd', h2load(20_000, CALL, '-H', 'content-type: application/grpc', '-H', 'te: trailers',
                                          content=MESSAGE), (
        Column('rate', 'calls/s'), Column('cpu', 'us/call', 1e6, 1)), beside=('nginx grpc_pass', 'haproxy h2')),
    Measurement('beside', 'redis', beside(25, 20_000), (
        Column('p99', 'p99 ms', 1, 2),)),
    Measurement('new connections', 'nginx', wrk(16, 2, '-H', 'Connection: close'), (
        Column('rate', 'conn/s'), Column('cpu', 'us/conn', 1e6))),
    Measurement('start', 'echo', starting, (
        Column('seconds', 'accepts ms', 1000, 0), Column('spent', 'cpu ms', 1000, 0)), direct=False),
    *(Measurement(name, 'redis', partial(lateness, connections, in_step), (
        Column('p50', 'late p50 ms', 1000, 2), Column('p99', 'late p99 ms', 1000, 2), Column('cpu', 'us/req', 1e6, 1)),
        named=True) for name, (connections, in_step) in DELAYS.items()),
    Measurement('bandwidth', 'source', punctual.pace, (
        Column('rate', 'KB/s', 1 / 1000, 3), Column('cpu', 's/GB', GB, 2)), named=True),
    Measurement('idle', 'echo', idle(2_000), (
        Column('weight', 'KB/session', 1 / 1024, 1),), once=True, direct=False),
    Measurement('tls requests', 'tls nginx', wrk(50, 2, scheme='https'), (
        Column('rate', 'req/s'), Column('cpu', 'us/req', 1e6, 1)), tls=True),
    Measurement('tls handshakes', 'tls nginx', wrk(16, 2, '-H', 'Connection: close', scheme='https'), (
        Column('rate', 'conn/s'), Column('cpu', 'us/conn', 1e6)), tls=True),
    Measurement('tls bulk', 'tls nginx', body(tls=True), (
        Column('rate', 'MB/s', 1 / MB), Column('cpu', 's/GB', GB, 2)), tls=True),
    Measurement('tls idle', 'tls echo', idle(1_000, tls=True), (
        Column('weight', 'KB/session', 1 / 1024, 1),), once=True, direct=False, tls=True),
)
