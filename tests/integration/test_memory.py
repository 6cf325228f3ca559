"""What one session can hold at the worst: one number, whatever its peers send, do not read, or ask for.

Each case is a protocol and two peers that mean it badly. The session runs in a child process, and its peak is measured.
"""
import contextlib
import os
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.support import mysql_talk as my
from tests.support import postgres_talk as pg
from tests.support.daemon import ROOT
from tests.support.framing import BACKEND
from tests.support.hosting import Child, child, eventually, hosted, spec_for
from tests.support.peers import Backend, connect, read_exactly, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.message import MAX_WAITING_BYTES
from vaurien.spec import BehaviorSpec, ToxicSpec

MB = 1024 * 1024        #: [bytes]
#: [bytes] that one session takes at most, as the page of limits says
WORST = 48 * MB
#: [bytes] that one toxic adds at most: what waits in front of ``latency``
TOXIC = 16 * MB
#: [bytes] of small requests that are more than may wait if vaurien answers them itself
SOME = 600_000
LONG = b'a' * 4_000     #: a name that is nearly as long as names are kept

Script = Callable[[socket.socket], object]


class Case(NamedTuple):
    """Two peers, and what vaurien does between them.

    Args:
        protocol: What they speak.
        client: What the client does. Where it cannot go on for a while it is held back, and that is well.
        backend: What the backend does.
        mix: What happens to requests.
        toxics: What happens to bytes.
        more: [bytes] that a session may take beyond ``WORST``.
    """

    protocol: str
    client: Script
    backend: Script = sink
    mix: tuple[BehaviorSpec, ...] = ()
    toxics: tuple[ToxicSpec, ...] = ()
    more: int = 0


def sends(*pieces: bytes, after: bytes = b'', size: int = 32 * MB) -> Script:
    """Make a client that says something once, then repeats other things up to a size, and reads nothing."""
    def client(sock: socket.socket) -> None:
        sock.sendall(after)
        block = b''.join(pieces)
        block *= max(1, 100_000 // len(block))
        for _ in range(size // len(block) + 1):
            sock.sendall(block)
    return client


def floods(begins: bytes, more: bytes = b'x' * MB) -> Script:
    """Make a backend that waits for a request and sends more and more, or just sends."""
    def backend(sock: socket.socket) -> None:
        sock.sendall(begins)
        while True:
            sock.sendall(more)
    return backend


def failing(kind: str, match: str = '', **settings: Any) -> tuple[BehaviorSpec, ...]:
    """Return a mix in which requests of a name fail."""
    return (BehaviorSpec(name='error', settings={'kind': kind, 'match': match, **settings}),)


# -- mysql: a server that prepares whatever it is asked to

CAPABILITIES = my.COMMON | my.OPTIONAL_METADATA | my.DEPRECATE_EOF
PARAMS = 2_500


def prepares(sock: socket.socket) -> None:
    sock.sendall(my.greeting())
    read_packet(sock)
    sock.sendall(my.packet(2, my.OK))
    for number in range(1_000_000):
        code = read_packet(sock)[:1]
        if code == b'\x16':
            params = PARAMS.to_bytes(2, 'little')
            sock.sendall(my.packet(1, b'\0' + number.to_bytes(4, 'little') + b'\0\0' + params + b'\0\0\0\0'))


def patient(backend: Script) -> Script:
    """Make a backend of one that waits for its client, and does not mind that it leaves early."""
    def serve(sock: socket.socket) -> None:
        sock.settimeout(None)   # a session at its worst has much to do
        with contextlib.suppress(EOFError):
            backend(sock)
    return serve


def read_packet(sock: socket.socket) -> bytes:
    return read_exactly(sock, int.from_bytes(read_exactly(sock, 4)[:3], 'little'))


def logs_in(*pieces: bytes, size: int = 32 * MB) -> Script:
    def client(sock: socket.socket) -> None:
        read_packet(sock)
        sock.sendall(my.login(CAPABILITIES))
        read_packet(sock)
        sends(*pieces, size=size)(sock)
    return client


def greets(sock: socket.socket) -> None:
    sock.sendall(my.greeting())
    read_packet(sock)
    sock.sendall(my.packet(2, my.OK))
    sink(sock)


def prepares_and_executes(sock: socket.socket) -> None:
    """Prepare more statements than are remembered, and let an execution of each fail whose types have not been seen."""
    read_packet(sock)
    sock.sendall(my.login(CAPABILITIES))
    read_packet(sock)
    nulls, types = bytes((PARAMS + 7) // 8), b'\xfe\0' * PARAMS
    for number in range(1_200):
        sock.sendall(my.ask(0x16, b'INSERT %d ' % number + LONG))
        answer = read_packet(sock)
        sock.sendall(my.execute(int.from_bytes(answer[1:5], 'little'), nulls + b'\1' + types))
        assert read_packet(sock)[:1] == b'\xff'


# -- postgres: a client that is logged in

def starts(*pieces: bytes, size: int = 32 * MB) -> Script:
    def client(sock: socket.socket) -> None:
        sock.sendall(pg.startup(user='ann', database='shop'))
        read_exactly(sock, len(LOGGED_IN))
        sends(*pieces, size=size)(sock)
    return client


LOGGED_IN = b''.join(data for sender, data in pg.LOGIN if sender == BACKEND)


def welcomes(sock: socket.socket) -> None:
    read_exactly(sock, len(pg.startup(user='ann', database='shop')))
    sock.sendall(LOGGED_IN)
    sink(sock)


def remembered() -> Script:
    """Names and texts of prepared statements and of portals, each as long as can be, more than are remembered."""
    parses = [pg.parse('x' * 3_500, f'{number:0550}') for number in range(520)]
    binds = [pg.bind(f'{number:0550}', f'{number:03500}') for number in range(520)]
    return starts(*parses, *binds, size=MB)


GET = b'GET / HTTP/1.1\r\n\r\n'
UNIQUE = b''.join(b'GET /%d HTTP/1.1\r\n\r\n' % number for number in range(10_000))
KEY = b'$4000\r\n%b\r\n' % LONG
VALUE = b'VALUE a 0 1000000000\r\n'
QUIET = b'mg %b v k q O1\r\n' % LONG[:200]
CASES = {
    # asks and is never answered: as many requests as can be, requests as long as can be
    'http: many': Case('http', sends(GET)),
    'http: many, all different': Case('http', sends(UNIQUE)),
    'http: long': Case('http', sends(b'GET /%b HTTP/1.1\r\n\r\n' % LONG)),
    'redis: many': Case('redis', sends(b'A\r\n', size=MB)),
    'redis: many arrays': Case('redis', sends(b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n')),
    'redis: long': Case('redis', sends(b'*2\r\n$3\r\nGET\r\n' + KEY)),
    'memcache: many': Case('memcache', sends(b'mn\r\n', size=MB)),
    'memcache: long': Case('memcache', sends(b'get %b\r\n' % LONG)),
    'memcache: quiet': Case('memcache', sends(QUIET)),
    'memcache: binary': Case('memcache', sends(b'\x80\x0a' + bytes(22))),
    'smtp: many': Case('smtp', sends(b'x\r\n', size=MB)),
    'smtp: long': Case('smtp', sends(b'RCPT TO:<%b>\r\n' % LONG)),
    'postgres: many': Case('postgres', starts(pg.query(''), size=MB), welcomes),
    'postgres: long': Case('postgres', starts(pg.query('a' * 4_000)), welcomes),
    'mysql: many': Case('mysql', logs_in(my.query(b''), size=MB), greets),
    'mysql: long': Case('mysql', logs_in(my.query(LONG)), greets),
    'mysql: executions': Case('mysql', logs_in(my.ask(0x16, b'x'), my.execute(0xFFFFFFFF, LONG * 4), size=80 * MB), greets),
    # the same, and all but the first fail: what vaurien answers waits
    'http: own responses': Case('http', sends(GET, after=b'GET /first HTTP/1.1\r\n\r\n', size=SOME), mix=failing('503', '/$')),
    'redis: own responses': Case('redis', sends(b'DEL\r\n', after=b'GET a\r\n', size=SOME), mix=failing('misconf', '^DEL')),
    'redis: long own responses': Case('redis', sends(b'*2\r\n$3\r\nDEL\r\n' + KEY, after=b'GET a\r\n'),
                                      mix=failing('moved', '^DEL')),
    'memcache: own responses': Case('memcache', sends(b'mn\r\n', after=b'get a\r\n', size=SOME), mix=failing('error', '^mn')),
    'memcache: own responses after quiet ones': Case('memcache', sends(QUIET, b'mn\r\n'), mix=failing('error', '^mn')),
    'smtp: own responses': Case('smtp', sends(b'VRFY\r\n', after=b'EHLO x\r\n', size=SOME),
                                mix=failing('not-implemented', '^VRFY')),
    'postgres: own responses': Case('postgres', starts(pg.query('x'), pg.query('y'), size=SOME), welcomes,
                                    failing('deadlock', '^y')),
    'mysql: own responses': Case('mysql', logs_in(my.query(b'a'), my.query(b'select'), size=SOME), greets,
                                 failing('query-limit', '^select')),
    # all fail, and the client does not read
    'http: does not read': Case('http', sends(GET), mix=failing('503')),
    'redis: does not read': Case('redis', sends(b'DEL\r\n'), mix=failing('misconf')),
    'memcache: does not read': Case('memcache', sends(b'get a\r\n'), mix=failing('server-error')),
    'smtp: does not read': Case('smtp', sends(b'VRFY\r\n'), mix=failing('not-implemented')),
    'postgres: does not read': Case('postgres', starts(pg.query('y')), welcomes, failing('deadlock')),
    'mysql: does not read': Case('mysql', logs_in(my.query(b'select')), greets, failing('query-limit')),
    # responses without end, and the client does not read
    'tcp: a flood': Case('tcp', sends(b'x', size=MB), floods(b'')),
    'http: a flood': Case('http', sends(GET), floods(b'HTTP/1.1 200 OK\r\n\r\n')),
    'http: a flood of responses': Case('http', sends(GET), floods(b'', b'HTTP/1.1 204 \r\n\r\n' * 10_000)),
    'redis: a flood': Case('redis', sends(b'GET a\r\n'), floods(b'$1000000000\r\n')),
    'redis: a flood of replies': Case('redis', sends(b'A\r\n'), floods(b'', b'+\r\n' * 100_000)),
    'memcache: a flood': Case('memcache', sends(b'get a\r\n'), floods(VALUE)),
    'smtp: a flood': Case('smtp', sends(b'x\r\n'), floods(b'220 x\r\n', b'250 x\r\n' * 10_000)),
    # what is remembered of a session
    'postgres: statements': Case('postgres', remembered(), welcomes),
    'mysql: statements': Case('mysql', prepares_and_executes, prepares, failing('deadlock', '^INSERT')),
    # bytes that wait for their time
    'http: a delay': Case('http', sends(b'POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n', b'x' * MB),
                          mix=(BehaviorSpec(name='delay', settings={'sleep': 3600.0}),)),
    'tcp: a toxic': Case('tcp', sends(b'x', size=MB), floods(b''), toxics=(
        ToxicSpec(type='latency', attributes={'latency': 3_600_000}),), more=TOXIC),
    'redis: own responses and a toxic': Case('redis', sends(b'DEL\r\n'), mix=failing('misconf'), toxics=(
        ToxicSpec(type='latency', attributes={'latency': 3_600_000}),), more=TOXIC),
}
#: those that are run where nothing else is said: of each way one, and of each protocol one. ``make memory`` runs all of them
SHORT = ('http: long', 'redis: many arrays', 'memcache: quiet', 'mysql: long', 'redis: long own responses', 'smtp: own responses',
         'postgres: does not read', 'http: a flood', 'mysql: statements', 'http: a delay', 'tcp: a toxic')
RUN = tuple(CASES) if os.environ.get('VAURIEN_ALL_CASES') == '1' else SHORT


def settled(proxy: Child) -> int:
    """Return the peak of a child's memory once it has done all there is to do: it reads no more, and nothing of that is left."""
    seen, deadline = [(-1, 0), (0, 0)], time.monotonic() + 10 * PATIENCE
    while len(set(seen[-3:])) > 1:
        assert time.monotonic() < deadline, 'it takes more and more'
        time.sleep(100 * MS)
        state = proxy.state()
        seen.append((state['peak'], -len(seen) if state['left'] else state['read']))
    return seen[-1][0]


@pytest.mark.parametrize('name', RUN)
def test_a_session_takes_no_more_than_one_number(name: str) -> None:
    case = CASES[name]
    with Backend(patient(case.backend)) as backend:
        spec = spec_for(backend, case.mix, protocol=case.protocol, toxics=case.toxics, timeout=0)
        with child(spec) as proxy:
            with connect(proxy.port) as warm:
                warm.sendall(b'x' * 1_000)
            before = settled(proxy)
            with connect(proxy.port) as client:
                client.settimeout(1000 * MS)
                with contextlib.suppress(TimeoutError, ConnectionError):
                    case.client(client)
                assert settled(proxy) - before < WORST + case.more


@pytest.mark.parametrize('protocol, asked', [('redis', b'*1\r\n$4\r\nPING\r\n'), ('memcache', b'mn\r\n'), ('http', GET)])
def test_a_session_in_which_nothing_waits_keeps_nothing_of_what_it_has_read(protocol: str, asked: bytes) -> None:
    """Requests and responses came many at a time; their bytes are gone when the last one has been handled."""
    replies = {'redis': b'+PONG\r\n', 'memcache': b'MN\r\n', 'http': b'HTTP/1.1 204 \r\n\r\n'}
    reply, count = replies[protocol], 5_000

    def serve(sock: socket.socket) -> None:
        read_exactly(sock, len(asked) * count)
        sock.sendall(reply * count)
        sink(sock)
    with Backend(serve) as backend, hosted(spec_for(backend, protocol=protocol)) as host, connect(host.port) as client:
        client.sendall(asked * count)
        read_exactly(client, len(reply) * count)
        session, = host.proxy.sessions.values()
        for cutter in (session.protocol.request_cutter, session.protocol.response_cutter):
            eventually(lambda cutter=cutter: (cutter.data, cutter.held) == (b'', b''), 'that nothing is kept')
        assert not session.protocol.queue


def test_the_page_says_how_much_that_is() -> None:
    page = (ROOT / 'docs' / 'security.rst').read_text(encoding='utf-8')
    assert f'takes {WORST // MB} MiB' in page
    assert f'up to {TOXIC // MB} MiB more' in page
    assert f'Up to {MAX_WAITING_BYTES // MB} MiB' in page
