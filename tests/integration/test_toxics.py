"""Toxics on real connections: each in both directions, in chains, with behaviors, changed under load, and how it all ends."""
import contextlib
import hashlib
import random
import selectors
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, ask, connect, echo_server, ending, read_exactly, read_to_end, reset
from tests.support.timing import once_within
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.spec import BehaviorSpec, ToxicSpec
from vaurien.toxics import TOXICS, Toxic

DIRECTIONS = ('upstream', 'downstream')
STEP = int(60 * MS * 1000)      #: [ms]
MANY = 1000     #: sessions
KEEP = {'protocol_settings': {'keep_alive': True}}


def toxic(kind, stream='downstream', name='', toxicity=1.0, **attributes):
    return ToxicSpec(type=kind, stream=stream, name=name, toxicity=toxicity, attributes=attributes)


def through(backend, *toxics, **fields):
    return hosted(spec_for(backend, toxics=toxics, **{**KEEP, **fields}))


def set_toxics(host, *toxics):
    host.change(toxics=toxics)


def milliseconds(call, *args):
    start = time.monotonic()
    call(*args)
    return (time.monotonic() - start) * 1000


def working(call, *args):
    """Return the processor time [ms] that this process needs until a call returns: others on the machine do not count."""
    start = time.process_time()
    call(*args)
    return (time.process_time() - start) * 1000


# -- each alone, both ways

@pytest.mark.parametrize('direction', DIRECTIONS)
def test_latency_delays_one_direction_once(direction, echo_server):
    with through(echo_server, toxic('latency', direction, latency=STEP)) as host, connect(host.port) as client:
        for _ in range(3):
            assert min(once_within(2 * STEP, lambda: milliseconds(ask, client, b'ping'))) >= STEP


def test_latency_in_both_directions_adds_up(echo_server):
    toxics = (toxic('latency', 'upstream', latency=STEP), toxic('latency', latency=STEP))
    with through(echo_server, *toxics) as host, connect(host.port) as client:
        assert min(once_within(3 * STEP, lambda: milliseconds(ask, client, b'ping'))) >= 2 * STEP


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_bandwidth_thins_one_direction(direction, echo_server):
    data = random.Random(1).randbytes(100_000)
    with through(echo_server, toxic('bandwidth', direction, rate=500)) as host, connect(host.port) as client:
        def send():
            sender = threading.Thread(target=client.sendall, args=(data,))
            sender.start()
            assert read_exactly(client, len(data)) == data
            sender.join()
        assert once_within(200 + 1000 * MS * 1000, lambda: milliseconds(send))[0] >= 195


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_timeout_swallows_closes_both_sides_and_its_removal_too(direction):
    seen = []
    with Backend(lambda sock: seen.append(greet(sock))) as backend:
        with through(backend, toxic('timeout', direction, timeout=STEP)) as host, connect(host.port) as client:
            client.sendall(b'hello')
            assert read_to_end(client) == (b'welcome' if direction == 'upstream' else b'')
        with through(backend, toxic('timeout', direction)) as host, connect(host.port) as client:
            client.sendall(b'hello')
            eventually(lambda: host.proxy.sessions)
            time.sleep(STEP / 1000)
            set_toxics(host)
            assert read_to_end(client) == (b'welcome' if direction == 'upstream' else b'')
            host.wait_idle()
    assert [data for data in seen if data is not None] == [b'' if direction == 'upstream' else b'hello'] * 2


def greet(sock):
    sock.sendall(b'welcome')
    try:
        return read_to_end(sock)
    except ConnectionError:
        return None


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_limit_data_closes_both_sides_behind_the_last_byte(direction, echo_server):
    with through(echo_server, toxic('limit_data', direction, bytes=5)) as host, connect(host.port) as client:
        client.sendall(b'123456789')
        got = read_to_end(client)
        assert got == b'12345' if direction == 'downstream' else got in (b'', b'1', b'12', b'123', b'1234', b'12345')
        host.wait_idle()


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_reset_peer_resets_both_sides(direction):
    endings = []
    with Backend(lambda sock: (sock.sendall(b'hi'), endings.append(ending(sock)))) as backend, \
            through(backend, toxic('reset_peer', direction)) as host, connect(host.port) as client:
        client.sendall(b'hello')
        assert ending(client) == 'RST'
        host.wait_idle()
    assert endings in (['RST'], [])     # the reset may be met by its first write


def test_reset_peer_that_is_not_active_resets_nobody(echo_server):
    with through(echo_server, toxic('reset_peer', toxicity=0)) as host, connect(host.port) as client:
        assert ask(client, b'x') == b'x'
        client.shutdown(socket.SHUT_WR)
        assert ending(client) == 'FIN'


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_slow_close_delays_the_end_alone(direction, echo_server):
    with through(echo_server, toxic('slow_close', direction, delay=STEP)) as host, connect(host.port) as client:
        assert ask(client, b'x') == b'x'
        client.shutdown(socket.SHUT_WR)
        assert milliseconds(read_to_end, client) >= STEP - 5


def test_slicer_lets_a_write_be_read_in_pieces():
    sizes = []

    def read(sock):
        while data := sock.recv(1000):
            sizes.append(len(data))
    with Backend(read) as backend, through(backend, toxic('slicer', 'upstream', average_size=10, delay=5000)) as host, \
            connect(host.port) as client:
        client.sendall(bytes(100))
        client.shutdown(socket.SHUT_WR)
        read_to_end(client)
    assert sum(sizes) == 100
    assert len(sizes) >= 5


def test_slow_open_accepts_at_once_and_connects_late(echo_server):
    with through(echo_server, toxic('slow_open', delay=3 * STEP)) as host:
        def opened():
            start = time.monotonic()
            with connect(host.port) as client:
                accepted = (time.monotonic() - start) * 1000
                client.sendall(b'x')
                assert read_exactly(client, 1) == b'x'
                assert (time.monotonic() - start) * 1000 >= 3 * STEP
            return accepted
        once_within(2 * STEP, opened)


def test_limit_time_ends_the_session_in_time(echo_server):
    with through(echo_server, toxic('limit_time', time=3 * STEP)) as host:
        def ended():
            with connect(host.port) as client:
                assert ask(client, b'x') == b'x'
                return milliseconds(read_to_end, client)
        once_within(10 * STEP, ended)
        host.wait_idle()


# -- chains

@pytest.mark.parametrize('direction', DIRECTIONS)
def test_a_chain_of_latency_bandwidth_and_slicer_keeps_every_byte(direction, echo_server):
    data = random.Random(2).randbytes(300_000)
    toxics = (toxic('latency', direction, latency=STEP, jitter=5), toxic('bandwidth', direction, rate=2000),
              toxic('slicer', direction, average_size=1000, size_variation=500))
    with through(echo_server, *toxics) as host, connect(host.port) as client:
        start = time.monotonic()
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_to_end(client) == data
        sender.join()
        assert (time.monotonic() - start) * 1000 >= STEP - 5 + 145


def test_toxicity_is_drawn_once_for_a_session(echo_server):
    with through(echo_server, toxic('timeout', toxicity=0.5)) as host:
        answered = []
        for _ in range(30):
            with connect(host.port) as client:
                client.settimeout(30 * MS)
                client.sendall(b'x')
                try:
                    answered.append(client.recv(1))
                    assert ask(client, b'still') == b'still'
                except TimeoutError:
                    pass
        assert 5 < len(answered) < 25


# -- changes under load

def transfer(port, seed, enough):
    """Send bytes through an echo until it is enough; return how many, and whether the same came back."""
    generator, sent, got = random.Random(seed), hashlib.sha256(), hashlib.sha256()
    with connect(port) as client:
        def send():
            while not enough.is_set():
                piece = generator.randbytes(generator.randrange(1, 20_000))
                sent.update(piece)
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        size = 0
        while data := client.recv(65536):
            got.update(data)
            size += len(data)
        sender.join()
    return size, sent.digest() == got.digest()


def test_no_byte_is_lost_or_moved_while_toxics_come_change_and_go(echo_server):
    pick, enough = random.Random(3), threading.Event()
    attributes = {'latency': {'latency': 3, 'jitter': 2}, 'bandwidth': {'rate': 5_000},
                  'slicer': {'average_size': 5000, 'size_variation': 2000}, 'noop': {}, 'slow_close': {'delay': 3}}
    with through(echo_server) as host, ThreadPoolExecutor(4) as pool:
        running = [pool.submit(transfer, host.port, seed, enough) for seed in range(4)]
        try:
            for _ in range(40):
                chosen = [toxic(kind, pick.choice(DIRECTIONS), kind, pick.choice((0.5, 1.0)), **attributes[kind])
                          for kind in pick.sample(sorted(attributes), pick.randrange(5))]
                set_toxics(host, *chosen)
                for one in chosen[:1]:
                    host.call(lambda name=one.name: host.proxy.redraw(name))
                time.sleep(3 * MS)
        finally:
            enough.set()
        results = [one.result() for one in running]
        assert all(same for _, same in results)
        assert min(size for size, _ in results) > 200_000
        host.wait_idle()


def test_removing_a_stalled_toxic_sets_everything_free(echo_server):
    data = random.Random(4).randbytes(2_000_000)
    with through(echo_server, toxic('bandwidth', rate=0), toxic('bandwidth', 'upstream', rate=0)) as host, \
            connect(host.port) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        time.sleep(50 * MS)
        set_toxics(host)
        assert read_to_end(client) == data
        sender.join()


@pytest.mark.parametrize('kind, attributes', [('latency', {'latency': 1}), ('slicer', {'average_size': 5000}), ('noop', {}),
                                              ('bandwidth', {'rate': 10 ** 6})])
def test_no_change_waits_for_a_peer_that_does_not_read(kind, attributes):
    with Backend(lambda sock: sock.sendall(bytes(50_000_000))) as backend, \
            through(backend, toxic(kind, name='it', **attributes)) as host, connect(host.port):
        eventually(lambda: full(host))
        for changed in (toxic(kind, name='it', toxicity=1, **attributes), toxic('latency', name='it', latency=5)):
            assert milliseconds(set_toxics, host, changed, toxic('noop')) < 500 * MS * 1000
        host.call(lambda: host.proxy.redraw('it'))
        assert milliseconds(set_toxics, host) < 500 * MS * 1000


def full(host):
    return any(session.client.full or session.client.backlog for session in list(host.proxy.sessions.values()))


# -- ends

@pytest.mark.parametrize('direction', DIRECTIONS)
def test_half_close_is_kept_behind_what_is_under_way(direction):
    def answer(sock):
        question = read_to_end(sock)
        sock.sendall(question[::-1])
    with Backend(answer) as backend, through(backend, toxic('latency', direction, latency=STEP)) as host, \
            connect(host.port) as client:
        client.sendall(b'question')
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b'noitseuq'
        host.wait_idle()


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_a_reset_is_passed_on(direction):
    seen = []
    with Backend(lambda sock: (sock.sendall(b'hi'), seen.append(ending(sock)))) as backend, \
            through(backend, toxic('latency', direction, latency=1)) as host:
        client = connect(host.port)
        read_exactly(client, 2)
        reset(client)
        host.wait_idle()
    assert seen == ['RST']


def test_a_client_that_reads_nothing_is_given_up_after_the_timeout():
    with Backend(lambda sock: sock.sendall(bytes(50_000_000))) as backend, \
            through(backend, toxic('latency', latency=1), timeout=200 * MS) as host, connect(host.port) as client:
        eventually(lambda: host.proxy.sessions)
        host.wait_idle()
        with pytest.raises(ConnectionResetError):
            read_to_end(client)


def test_a_broken_connection_behind_a_toxic_ends_the_session_without_another_byte():
    gone = threading.Event()

    def feed(sock):
        sock.sendall(b'x')
        gone.wait(PATIENCE)
        sock.sendall(b'y')
        return read_to_end(sock)
    with Backend(feed) as backend, through(backend, toxic('latency', latency=1)) as host:
        client = connect(host.port)
        read_exactly(client, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        client.close()
        gone.set()
        host.wait_idle()


STALLS = {'bandwidth': {'rate': 0}, 'latency': {'latency': 10 ** 6}, 'timeout': {}, 'slow_close': {'delay': 10 ** 6},
          'slicer': {'average_size': 1, 'delay': 10 ** 9}, 'reset_peer': {'timeout': 10 ** 6}}


@pytest.mark.parametrize('kind', STALLS)
def test_sessions_that_are_cut_while_a_toxic_stalls_leave_nothing_behind(kind):
    with echo_server() as backend, through(backend) as host:
        with connect(host.port) as client:
            ask(client, b'warm')
        host.wait_idle()
        before = host.state()
        set_toxics(host, toxic(kind, **STALLS[kind]), toxic(kind, 'upstream', **STALLS[kind]), toxic('noop'))
        clients = [connect(host.port) for _ in range(20)]
        for client in clients:
            client.sendall(b'x' * 1000)
        eventually(lambda: len(host.proxy.sessions) == 20)
        for client in clients:
            client.shutdown(socket.SHUT_WR)     # which timeout ends at once
        time.sleep(20 * MS)
        host.call(host.proxy.abort)
        host.wait_idle()
        for client in clients:
            client.close()
        eventually(lambda: not more(host.state(), before), 'that nothing is left')


def more(now, before):
    """Return what there is more of; before, the backend may not have closed its last socket yet."""
    return {key: now[key] for key in ('fds', 'greenlets', 'watchers') if now[key] > before[key]}


@pytest.mark.parametrize('kind', STALLS)
def test_disabling_ends_stalled_sessions_at_once(kind, echo_server):
    with through(echo_server, toxic(kind, **STALLS[kind])) as host, connect(host.port) as client:
        client.sendall(b'x')
        eventually(lambda: host.proxy.sessions)
        assert milliseconds(lambda: host.change(enabled=False)) < 500 * MS * 1000
        assert not host.proxy.sessions


# -- plugins

@pytest.fixture
def broken_toxic():
    class Broken(Toxic):
        """Raises at the first byte."""

        name = 'broken'

        def pipe(self, chunks, send):
            for _ in chunks:
                raise ZeroDivisionError('a bug of its author')
    yield TOXICS.register(Broken)
    TOXICS.unregister('broken')


def test_a_toxic_that_raises_resets_its_session_and_no_other(broken_toxic, echo_server, caplog):
    with through(echo_server) as host, connect(host.port) as older:
        assert ask(older, b'x') == b'x'
        set_toxics(host, toxic('broken'))
        with connect(host.port) as client:
            client.sendall(b'x')
            assert ending(client) == 'RST'
        set_toxics(host)
        assert ask(older, b'x') == b'x'
        assert host.proxy.stats.handler_errors == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == 'ERROR'] == [
        'session 2 of default is reset: toxic broken raised']
    assert 'a bug of its author' in caplog.text


# -- with behaviors

def test_a_behavior_that_waits_waits_for_room_too(echo_server):
    delay = (BehaviorSpec(name='delay', settings={'sleep': 0.001, 'before': False}),)
    data = random.Random(5).randbytes(1_000_000)
    with through(echo_server, toxic('bandwidth', rate=20_000), mix=delay) as host, connect(host.port) as client:
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert read_to_end(client) == data
        sender.join()


def test_redis_through_latency_meets_its_errors_and_its_latency(redis_server):
    latency = 50
    with hosted(spec_for(redis_server, '10:error', protocol='redis', settings={'error': {'kind': 'readonly'}},
                         toxics=(toxic('latency', latency=latency),))) as host:
        client = redis.Redis(port=host.port, retry=None, protocol=2, single_connection_client=True)
        failed, times = 0, []
        for number in range(60):
            start = time.monotonic()
            try:
                client.set(f'key:{number}', number)
            except redis.exceptions.ReadOnlyError:
                failed += 1
            times.append((time.monotonic() - start) * 1000)
        client.close()
        assert min(times) >= latency
        assert sorted(times)[15] < latency + 60 * MS * 1000     # a busy machine makes some later, twice the latency all
        assert 1 <= failed <= 15
        assert failed == sum(host.proxy.stats.faults.values())
        assert host.proxy.stats.faults[('error', 'readonly')] == failed
    stored = redis.Redis(port=redis_server.port)
    assert len([1 for number in range(60) if stored.get(f'key:{number}') is None]) == failed
    stored.flushall()
    stored.close()


# -- many

def test_with_a_thousand_sessions_on_a_long_wire_the_loop_has_time(echo_server):
    with through(echo_server, toxic('latency', latency=100)) as host:
        clients = [connect(host.port) for _ in range(MANY)]
        try:
            eventually(lambda: len(host.proxy.sessions) == MANY)
            for client in clients:
                client.sendall(b'ping')
            waits = [working(host.call, lambda: None) for _ in range(50)]
            waits.append(working(set_toxics, host, toxic('latency', latency=200)))
            for client in clients:
                assert read_exactly(client, 4) == b'ping'
            assert max(waits) < 500
        finally:
            for client in clients:
                client.close()


def test_latency_is_met_on_fifty_busy_sessions(echo_server):
    latency = 100
    with through(echo_server) as host:
        usual = busy(host.port)
        set_toxics(host, toxic('latency', latency=latency))

        def excess():
            took = busy(host.port)
            assert took[0] >= latency
            return max(took[250] - latency - usual[250] - 60 * MS * 1000, took[495] - latency - usual[495] - 500 * MS * 1000)
        once_within(0, excess, tries=5)


def busy(port):
    """Ask on fifty connections at once, 500 times in all, and return the times [ms] from the shortest to the longest."""
    asked, took = {}, []
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        for _ in range(50):
            client = stack.enter_context(connect(port))
            selector.register(client, selectors.EVENT_READ)
            asked[client] = time.monotonic()
            client.sendall(b'ping')
        while len(took) < 500:
            for key, _ in selector.select(PATIENCE):
                assert key.fileobj.recv(4) == b'ping'
                took.append((time.monotonic() - asked[key.fileobj]) * 1000)
                asked[key.fileobj] = time.monotonic()
                key.fileobj.sendall(b'ping')
    return sorted(took)


def test_what_hangs_or_crashes_toxiproxy_is_harmless(echo_server):
    with through(echo_server, toxic('slicer'), toxic('bandwidth', 'upstream', rate=-1)) as host, connect(host.port) as client:
        client.sendall(b'stalls')
        client.settimeout(30 * MS)
        with pytest.raises(TimeoutError):
            client.recv(1)
        set_toxics(host, toxic('slicer'))
        client.settimeout(PATIENCE)
        assert read_exactly(client, 6) == b'stalls'
