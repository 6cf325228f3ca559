"""The everyday work of memcached's clients through vaurien: once with no fault on, once with every request read, named and
drawn for.

pymemcache, the meta commands and the binary protocol, in front of memcached; what arrives is what was sent.
"""
import contextlib
import threading

import pymemcache
import pytest

from tests.realism.memcache import NEW, ONE, PACKET, Binary
from tests.support.peers import connect, read_exactly, read_to_end
from tests.support.processes import HOST
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import memcached_server as started
from tests.support.unit_of_time import PATIENCE
from vaurien.testing import Daemon

BINARY = bytes(range(256))
#: [bytes] of the large value, and of memory that it may cost vaurien, its buffers included
LARGE, KEPT = 64 * 1024 * 1024, 8 * 1024 * 1024


@pytest.fixture(params=CALM)
def calm(request, daemon, memcached_server):
    """A proxy in front of an empty memcached, calm in each of the two ways, whose sessions have to be followed to their ends."""
    with client_at(memcached_server.port) as admin:
        admin.flush_all(noreply=False)
    with between(daemon, 'calm-memcache', memcached_server, 'memcache', CALM[request.param]) as proxy:
        yield proxy
        assert proxy.faults == []


def client_at(port, **settings):
    return contextlib.closing(pymemcache.Client((HOST, port), timeout=PATIENCE, **settings))


def test_values_are_stored_and_found(calm):
    with client_at(calm.port, default_noreply=False) as client:
        assert client.set('key', BINARY * 1000, flags=5)
        assert client.get('key') == BINARY * 1000
        assert client.get('nothing', 'default') == 'default'
        assert not client.add('key', 'x')
        assert client.add('other', 'VALUE key 0 3\r\nEND\r\n')
        assert client.get('other') == b'VALUE key 0 3\r\nEND\r\n'
        assert client.append('other', 'STORED\r\n')
        assert client.prepend('other', '\r\n')
        assert client.replace('key', 'short')
        assert client.get_many(['key', 'nothing', 'other']) == \
            {'key': b'short', 'other': b'\r\nVALUE key 0 3\r\nEND\r\nSTORED\r\n'}
        value, number = client.gets('key')
        assert value == b'short'
        assert client.cas('key', 'newer', number)
        assert client.cas('key', 'too late', number) is False
        assert client.cas('nothing', 'x', number) is None
        assert client.set('n', 5)
        assert (client.incr('n', 3), client.decr('n', 10), client.incr('nothing', 1)) == (8, 0, None)
        assert client.touch('n', 100)
        assert client.raw_command('gat 100 n', 'END\r\n').endswith(b'0\r\n')
        assert (client.delete('n'), client.delete('n')) == (True, False)
        assert client.set_many({f'key{number}': 'x' * number for number in range(300)}) == []
        assert client.get_many([f'key{number}' for number in range(300)]) == \
            {f'key{number}': b'x' * number for number in range(300)}
        assert client.version().startswith(b'1.')
        assert client.stats()[b'curr_connections'] >= 1
        assert b'chunk_size' in b' '.join(client.stats('slabs'))
        assert client.flush_all()
        assert client.get('key') is None
    assert (calm.count('accepted'), calm.unread) == (1, [])


def test_requests_without_an_answer_never_shift_those_with_one(calm):
    with client_at(calm.port, default_noreply=True, no_delay=True) as client:
        for number in range(300):
            client.set('key', number)
            client.incr('key', 1)
            client.set('gone', 'x')
            client.delete('gone')
            client.touch('key', 100)
            assert client.get_many(['key', 'gone']) == {'key': b'%d' % (number + 1)}
    assert (calm.count('accepted'), calm.count('exchanges'), calm.unread) == (1, 1800, [])


PIPELINE = b''.join([
    b'set key 0 0 256\r\n', BINARY, b'\r\nget key\r\ngets nothing\r\n' * 3,
    b'get ' + b'k' * 251 + b'\r\n', b'unheard of\r\n', b'incr key 1\r\n', b'set key 0 0 5 noreply\r\nvalue\r\n',
    b'get key\r\n' * 20, b'mn\r\n', b'ms meta 5 T100\r\nvalue\r\n', b'mg meta v f k O1\r\n',
    b'mg nothing v q\r\n' * 50, b'mg meta v q k O2\r\n', b'mg nothing s q O3\r\n', b'mn\r\n', b'ma meta q\r\n', b'md meta q\r\n',
    b'me meta\r\n', b'mn\r\n', b'verbosity 0\r\n', b'version\r\n', b'quit\r\n',
])


@pytest.mark.parametrize('pieces', [1, 7, 1000], ids=['at once', 'in 7 pieces', 'in 1000 pieces'])
def test_pipeline_is_answered_to_the_byte(calm, memcached_server, pieces):
    def answers(port, pieces):
        size = -(-len(PIPELINE) // pieces)
        with connect(port) as client:
            for at in range(0, len(PIPELINE), size):
                client.sendall(PIPELINE[at:at + size])
            return read_to_end(client)
    through = answers(calm.port, pieces)
    assert through == answers(memcached_server.port, 1)
    assert through.count(b'MN\r\n') == 3
    assert b'\r\nVERSION 1.' in through[-30:]
    assert calm.unread == []


def packet(opcode, key=b'', extras=b'', value=b'', opaque=42):
    body = extras + key + value
    return PACKET.pack(0x80, opcode, len(key), len(extras), 0, len(body), opaque, 0) + body


def test_binary_protocol_is_followed_with_its_quiet_requests(calm):
    with Binary(calm.port) as client:
        assert client.ask(0x01, b'key', NEW, BINARY) == f'0x00 {b""!r}'
        assert client.ask(0x00, b'key') == f'0x00 {BINARY!r}'
        assert client.ask(0x00, b'nothing') == '0x01 Not found'
        assert client.ask(0x05, b'number', ONE) == f'0x00 {bytes(8)!r}'
        # GETKQ of what there is not is not answered; SETQ is not answered where all is well
        client.sock.sendall(b''.join(packet(0x0d, b'nothing%d' % number, opaque=number) for number in range(100))
                            + packet(0x11, b'quiet', NEW, b'value', 100) + packet(0x0d, b'quiet', opaque=101)
                            + packet(0x0d, b'nothing', opaque=102) + packet(0x0a, opaque=103))
        head = PACKET.unpack(read_exactly(client.sock, PACKET.size))
        assert (head[1], head[6]) == (0x0d, 101)
        assert read_exactly(client.sock, head[5])[4:] == b'quietvalue'
        head = PACKET.unpack(read_exactly(client.sock, PACKET.size))
        assert (head[1], head[6]) == (0x0a, 103)
        client.sock.sendall(packet(0x10) + packet(0x0b))
        seen = b''
        while b'\x81\x0b' not in seen or b'1.' not in seen.rpartition(b'\x81\x0b')[2]:
            seen += client.sock.recv(65536)
        client.sock.sendall(packet(0x17))
        assert read_to_end(client.sock) == b''
    assert calm.unread == []


def test_many_clients_at_once_get_their_own_values(calm):
    wrong = []

    def work(number):
        with client_at(calm.port, no_delay=True) as client:
            for at in range(20):
                value = f'{number} {at} '.encode() * 500
                client.set(f'client{number}', value)
                if client.get(f'client{number}') != value:
                    wrong.append(number)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (wrong, calm.count('accepted'), calm.unread) == ([], 20, [])


def test_log_that_is_watched_is_relayed_unread(calm):
    with connect(calm.port) as client, client_at(calm.port) as other:
        client.sendall(b'watch mutations\r\n')
        assert read_exactly(client, 4) == b'OK\r\n'
        other.set('seen', 'value', noreply=False)
        assert b'key=seen' in client.recv(4096)
        assert calm.unread == ['the connection becomes a log']


@pytest.mark.parametrize('mix', [[], [entry('delay', sleep=0)]], ids=['no fault', 'a behavior that sees each piece'])
def test_large_value_arrives_and_is_never_held(mix):
    value, daemon = BINARY * (LARGE // len(BINARY)), Daemon(SEED)
    with started('-m', '512', '-I', '128m') as server, between(daemon, 'large-memcache', server, 'memcache', mix) as proxy, \
            client_at(proxy.port) as client:
        client.set('large', b'small')
        client.get('large')
        before = peak(daemon)
        assert client.set('large', value, noreply=False)
        assert client.get('large') == value
        assert peak(daemon) - before < KEPT
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    daemon.close()
