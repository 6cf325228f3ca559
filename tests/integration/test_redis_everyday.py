"""The everyday work of Redis' clients through vaurien: once with no fault on, once with every command read, named and drawn for.

redis-py in both versions of the protocol, redis-cli, a replica, and plain sockets, in front of redis-server; what arrives is
what was sent, and what can be followed is followed.
"""
import asyncio
import contextlib
import subprocess
import threading

import pytest
import redis
import redis.asyncio

from tests.support.hosting import eventually
from tests.support.peers import ask, connect, free_port, read_exactly, read_to_end
from tests.support.processes import HOST, program
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import certificate
from tests.support.servers import redis_server as started
from tests.support.unit_of_time import PATIENCE
from vaurien.testing import Daemon

BINARY = bytes(range(256))
TAKEN_OVER = ['the connection is taken over']
#: [bytes] of the large value, and of memory that it may cost vaurien, its buffers included
LARGE, KEPT = 100 * 1024 * 1024, 8 * 1024 * 1024


@pytest.fixture(params=CALM)
def calm(request, daemon, redis_server):
    """A proxy in front of an empty redis-server, calm in each of the two ways."""
    with contextlib.closing(redis.Redis(HOST, redis_server.port)) as admin:
        admin.flushall()
        admin.function_flush()
    with between(daemon, 'calm-redis', redis_server, 'redis', CALM[request.param]) as proxy:
        yield proxy
        assert proxy.faults == []


@pytest.fixture(params=[2, 3], ids=['RESP2', 'RESP3'])
def open_client(request, calm):
    """A function that makes a client, in each version of the protocol, whose sessions have to be followed to their ends."""
    with contextlib.ExitStack() as stack:
        def opener(**settings):
            made = redis.Redis(HOST, calm.port, protocol=request.param, socket_timeout=PATIENCE, retry=None, **settings)
            return stack.enter_context(made)
        yield opener
        assert calm.unread == []


@pytest.fixture
def client(open_client):
    return open_client()


def test_values_of_all_types_are_kept(client):
    assert client.set('binary', BINARY, ex=100, nx=True)
    assert client.get('binary') == BINARY
    assert client.get('nothing') is None
    assert client.set('', '')
    assert client.mget('binary', '', 'nothing') == [BINARY, b'', None]
    assert client.hset('hash', mapping={'a': 1, 'b': 2.5, 'c': 'ü'}) == 3
    assert client.hgetall('hash') == {b'a': b'1', b'b': b'2.5', b'c': 'ü'.encode()}
    assert client.rpush('list', *range(1000)) == 1000
    assert client.lrange('list', 0, -1) == [b'%d' % number for number in range(1000)]
    assert client.sadd('set', 'x', 'y') == 2
    assert client.smembers('set') == {b'x', b'y'}
    assert client.zadd('zset', {'one': 1, 'half': 0.5}) == 2
    assert client.zscore('zset', 'half') == 0.5
    assert client.zrange('zset', 0, -1) == [b'half', b'one']
    assert client.xadd('stream', {'field': BINARY}, '1-1') == b'1-1'
    assert client.xrange('stream') == [(b'1-1', {b'field': BINARY})]
    assert client.setbit('bits', 7, 1) == 0
    assert client.pfadd('log', 'a', 'b') == 1
    assert client.geoadd('geo', (13.361389, 38.115556, 'Palermo')) == 1
    assert client.incrbyfloat('float', 1.5) == 1.5
    assert sorted(client.scan_iter(count=2)) == sorted(client.keys())
    assert client.restore('copy', 0, client.dump('zset'))
    assert client.object('encoding', 'list') == b'quicklist'
    assert {'redis_version', 'keyspace_hits'} <= set(client.info())
    assert client.command_count() > 200
    assert 'get' in client.command()
    with pytest.raises(redis.ResponseError, match='WRONGTYPE'):
        client.incr('list')


def test_transactions_are_run_whole_or_not_at_all(client, open_client):
    with client.pipeline() as pipe:
        assert pipe.set('a', 1).incr('a').lpush('l', 'x', 'y').lrange('l', 0, -1).hgetall('none').execute() == \
            [True, 2, 2, [b'y', b'x'], {}]
        pipe.set('a', 'text').incr('a').get('a')
        came = pipe.execute(raise_on_error=False)
        assert (came[0], type(came[1]), came[2]) == (True, redis.ResponseError, b'text')
        pipe.set('a', 1).execute_command('UNHEARD')
        with pytest.raises(redis.ResponseError, match='unknown command'):
            pipe.execute()
        pipe.watch('a')
        assert pipe.get('a') == b'text'
        open_client().set('a', 'another')
        pipe.multi()
        with pytest.raises(redis.WatchError):
            pipe.set('a', 'mine').execute()
        pipe.watch('a')
        pipe.unwatch()
        pipe.watch('a')
        pipe.multi()
        assert pipe.set('a', 'mine').get('a').execute() == [True, b'mine']
    assert client.transaction(lambda pipe: pipe.multi() or pipe.incr('n'), 'n') == [1]


def test_pipeline_is_answered_in_order(client):
    with client.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.set(f'key{number}', b'x' * (number * 37 % 5000)).get(f'key{number}').rpush('all', number).exists('nothing')
        answers = pipe.execute()
    assert answers == [answer for number in range(1000) for answer in (True, b'x' * (number * 37 % 5000), number + 1, 0)]


def test_messages_come_to_those_who_have_subscribed(client, open_client):
    def following(kind):
        while True:
            message = listener.get_message(timeout=PATIENCE)
            if message is not None and message['type'] == kind:
                return message['channel'], message['data']

    with client.pubsub() as listener:
        listener.subscribe('one', 'two', 'three')
        listener.psubscribe('t*')
        assert [following('subscribe') for _ in range(3)] == [(b'one', 1), (b'two', 2), (b'three', 3)]
        assert following('psubscribe') == (b't*', 4)
        assert client.publish('one', BINARY) == 1
        assert client.publish('two', 'twice') == 2
        assert following('message') == (b'one', BINARY)
        assert following('message') == (b'two', b'twice')
        assert following('pmessage') == (b'two', b'twice')
        listener.unsubscribe('one')
        assert following('unsubscribe') == (b'one', 3)
        listener.ping('still there?')
        assert following('pong')[1] == b'still there?'
        for number in range(1000):
            client.publish('three', number)
        assert [following('message')[1] for _ in range(1000)] == [b'%d' % number for number in range(1000)]
        listener.unsubscribe()
        listener.punsubscribe()
        assert following('unsubscribe')[1] == 2
        assert following('unsubscribe')[1] == 1
        assert following('punsubscribe')[1] == 0
        listener.ssubscribe('shard')
        assert following('ssubscribe') == (b'shard', 1)
        client.spublish('shard', 'message')
        assert following('smessage') == (b'shard', b'message')


def test_clients_that_wait_get_what_comes(calm, client, open_client):
    waiting = open_client(single_connection_client=True)
    number, came = waiting.client_id(), []

    def met(call):
        """Begin a call, and wait until the server says that its client waits."""
        def run():
            try:
                came.append(call())
            except redis.ResponseError as error:
                came.append(str(error)[:9])
        thread = threading.Thread(target=run)
        thread.start()
        eventually(lambda: client.info('clients')['blocked_clients'], 'a client that waits')
        return thread
    thread = met(lambda: waiting.blpop(['none', 'list'], PATIENCE))
    client.rpush('list', BINARY)
    thread.join(PATIENCE)
    thread = met(lambda: waiting.blmove('list', 'other', PATIENCE))
    client.rpush('list', 'moved')
    thread.join(PATIENCE)
    thread = met(lambda: waiting.xread({'stream': '$'}, block=int(PATIENCE * 1000)))
    client.xadd('stream', {'a': 'b'}, '1-1')
    thread.join(PATIENCE)
    thread = met(lambda: waiting.bzpopmin('zset', PATIENCE))
    client.client_unblock(number, error=True)
    thread.join(PATIENCE)
    assert waiting.brpop('nothing', 0.01) is None
    assert [list(came[0]), came[1], came[3]] == [[b'list', BINARY], b'moved', 'UNBLOCKED']
    assert b'1-1' in str(came[2]).encode()
    assert waiting.client_id() == number


def test_scripts_and_functions_return_what_they_return(client):
    assert client.eval('return {KEYS[1], ARGV[1], 3, {false, {ok="fine"}}}', 1, 'key', BINARY) == \
        [b'key', BINARY, 3, [None, b'fine']]
    add = client.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    assert [add(keys=['n'], args=[number]) for number in (1, 2, 3)] == [1, 3, 6]
    assert client.script_exists(add.sha) == [True]
    with pytest.raises(redis.ResponseError, match='my own'):
        client.eval("return redis.error_reply('ERR my own')", 0)
    client.function_load("#!lua name=lib\nredis.register_function('twice', function(keys) return {keys[1], keys[1]} end)")
    assert client.fcall('twice', 1, 'key') == [b'key', b'key']


def test_asynchronous_clients_share_a_proxy(calm):
    async def work(number):
        async with redis.asyncio.Redis(host=HOST, port=calm.port, protocol=2 + number % 2) as client:
            async with client.pipeline() as pipe:
                for at in range(100):
                    pipe.set(f'{number}:{at}', f'{number}:{at}' * 50).get(f'{number}:{at}')
                came = await pipe.execute()
            return came[1::2] == [f'{number}:{at}'.encode() * 50 for at in range(100)]

    async def all_of_them():
        return await asyncio.gather(*map(work, range(20)))
    assert asyncio.run(all_of_them()) == [True] * 20
    assert calm.unread == []


def command(*words):
    words = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%b\r\n' % (len(word), word) for word in words)


PIPELINE = b''.join([
    b'PING\r\n', b'SET inline "with \\x00 in it"\r\n', command('GET', 'inline'), b'\r\n', b'*0\r\n', command('UNHEARD'),
    command('SET', 'binary', BINARY * 100), command('GET', 'binary') * 50,
    command('MULTI'), command('GET', 'binary'), command('LRANGE', 'none', '0', '-1'), command('EXEC'),
    command('MULTI'), command('GET'), command('EXEC'), command('EXEC'),
    command('DEBUG', 'PROTOCOL', 'ATTRIB'), command('DEBUG', 'PROTOCOL', 'MAP'),
    command('SUBSCRIBE', 'a', 'b', 'a'), command('PUBLISH', 'a', 'x'), command('PING'), command('UNSUBSCRIBE'),
    command('CLIENT', 'REPLY', 'OFF'), command('SET', 'muted', '1'), command('PING') * 10, command('CLIENT', 'REPLY', 'ON'),
    command('CLIENT', 'REPLY', 'SKIP'), command('PING'), command('GET', 'muted'), command('QUIT'),
])


@pytest.mark.parametrize('pieces', [1, 7, 1000], ids=['at once', 'in 7 pieces', 'in 1000 pieces'])
def test_pipeline_is_answered_to_the_byte(calm, redis_server, pieces):
    def answers(port, pieces):
        size = -(-len(PIPELINE) // pieces)
        with connect(port) as client:
            for at in range(0, len(PIPELINE), size):
                client.sendall(PIPELINE[at:at + size])
            return read_to_end(client)
    through = answers(calm.port, pieces)
    assert through == answers(redis_server.port, 1)
    assert through.endswith(b'+OK\r\n$1\r\n1\r\n+OK\r\n')
    assert (calm.count('accepted'), calm.unread) == (1, [])


def test_client_that_wants_no_replies_gets_none_and_then_the_right_ones(calm):
    with connect(calm.port) as client:
        assert ask(client, command('PING'), 7) == b'+PONG\r\n'
        client.sendall(command('CLIENT', 'REPLY', 'OFF') + command('INCR', 'n') * 1000 + command('NONSENSE'))
        assert ask(client, command('CLIENT', 'REPLY', 'ON'), 5) == b'+OK\r\n'
        client.sendall(command('CLIENT', 'REPLY', 'SKIP') + command('INCR', 'n') + command('GET', 'n') + command('PING'))
        assert read_exactly(client, 17) == b'$4\r\n1001\r\n+PONG\r\n'
    assert calm.unread == []


def test_client_that_tracks_keys_hears_of_changes_among_the_answers(calm):
    """RESP3: invalidations are pushed."""
    changed = b'>2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n'
    with connect(calm.port) as client, contextlib.closing(redis.Redis(HOST, calm.port)) as other:
        client.sendall(command('HELLO', '3') + command('CLIENT', 'TRACKING', 'ON') + command('ECHO', 'the end'))
        head = b''
        while not head.endswith(b'the end\r\n'):
            head += read_exactly(client, 1)
        for number in range(10):
            other.set('key', number)
            assert ask(client, command('GET', 'key') + command('PING'), 14) == b'$1\r\n%d\r\n+PONG\r\n' % number
            other.delete('key')
            assert read_exactly(client, len(changed)) == changed
    assert calm.unread == []


def test_monitor_is_relayed_unread(calm):
    with contextlib.closing(redis.Redis(HOST, calm.port)) as client, client.monitor() as monitor:
        watching = monitor.listen()
        client.set('seen', 'value')
        eventually(lambda: next(watching)['command'] == 'SET seen value', 'the command')
        assert calm.unread == TAKEN_OVER
        client.ping()
        assert next(watching)['command'] == 'PING'
    assert calm.unread == TAKEN_OVER


def test_replica_follows_a_master_behind_vaurien(calm):
    with started() as replica, contextlib.closing(redis.Redis(HOST, calm.port)) as master, \
            contextlib.closing(redis.Redis(HOST, replica.port)) as copy:
        master.set('before', BINARY)
        master.config_set('repl-diskless-sync-delay', 0)
        copy.replicaof(HOST, calm.port)
        eventually(lambda: copy.info('replication')['master_link_status'] == 'up', 'the link')
        master.set('after', BINARY)
        eventually(lambda: copy.get('after') == BINARY, 'what was written')
        assert copy.get('before') == BINARY
        assert calm.unread == TAKEN_OVER


def test_cli_inserts_masses(calm):
    cli = [program('redis-cli'), '-h', HOST, '-p', str(calm.port)]
    masses = b''.join(command('SET', f'mass{number}', 'x' * number) for number in range(2000))
    done = subprocess.run([*cli, '--pipe'], input=masses, capture_output=True, check=True, timeout=PATIENCE)
    assert b'errors: 0, replies: 2000' in done.stdout
    done = subprocess.run([*cli, '-3', 'STRLEN', 'mass1999'], capture_output=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == b'1999'
    assert calm.unread == []


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_tls_is_relayed_unread(daemon, mix):
    port = free_port()
    with certificate() as (cert, key), started(
            '--tls-port', str(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'), \
            between(daemon, 'tls-redis', f'{HOST}:{port}', 'redis', mix) as proxy, contextlib.closing(redis.Redis(
                HOST, proxy.port, ssl=True, ssl_ca_certs=cert, ssl_check_hostname=False)) as client:
        assert client.set('key', BINARY * 1000)
        assert client.get('key') == BINARY * 1000
        assert proxy.unread == ["a command begins with b'\\x16'"]


@pytest.mark.parametrize('mix', [[], [entry('delay', sleep=0)]], ids=['no fault', 'a behavior that sees each piece'])
def test_value_of_100_mb_arrives_and_is_never_held(redis_server, mix):
    value, daemon = BINARY * (LARGE // len(BINARY)), Daemon(SEED)
    with between(daemon, 'large-redis', redis_server, 'redis', mix) as proxy, \
            contextlib.closing(redis.Redis(HOST, proxy.port, socket_timeout=PATIENCE)) as client:
        client.set('large', b'small')
        client.get('large')
        before = peak(daemon)
        assert client.set('large', value)
        assert client.get('large') == value
        with client.pipeline() as pipe:
            assert pipe.set('other', value).strlen('large').delete('large', 'other').execute() == [True, LARGE, 2]
        assert peak(daemon) - before < KEPT
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    daemon.close()
