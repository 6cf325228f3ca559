"""What behaviors do to single commands of Redis: the drawn ones in pipelines and transactions, and what redis-py makes of it."""
import contextlib
import socket
from random import Random

import pytest
import redis

from tests.support.hosting import eventually
from tests.support.peers import ask, connect, ending, free_port, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import SEED, between, entry
from tests.support.servers import redis_server as started
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.redis import Redis
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec


@pytest.fixture
def server(redis_server):
    """A client of the server itself, which is empty."""
    with redis.Redis(HOST, redis_server.port) as server:
        server.flushall()
        yield server


@pytest.fixture
def proxy(daemon, server, redis_server):
    with between(daemon, 'redis-faults', redis_server, 'redis') as proxy:
        yield proxy
        assert proxy.unread == []


@contextlib.contextmanager
def client_of(proxy, protocol=2):
    """Give a client that is connected; as long as it does one thing at a time it needs no other connection."""
    with redis.Redis(HOST, proxy.port, protocol=protocol, retry=None, socket_timeout=PATIENCE) as client:
        client.ping()
        yield client


# -- the drawn ones

def drawn(name, percent, count):
    """Return which commands of the first session of a proxy are drawn, counted from 0 and from when there was a mix."""
    chaos, random = Chaos([BehaviorSpec(**entry('error', percent, kind='busy'))], {}, Redis), Random(f'{SEED}/{name}/1')
    return [number for number in range(count) if chaos.draw(random).name == 'error']


@pytest.mark.parametrize('protocol', [2, 3])
def test_exactly_the_drawn_commands_of_a_pipeline_of_100_fail(daemon, redis_server, server, protocol):
    name = f'hundred-{protocol}'
    with between(daemon, name, redis_server, 'redis') as proxy, client_of(proxy, protocol) as client, \
            client.pipeline(transaction=False) as pipe:
        proxy.meet(entry('error', 10, kind='busy'))
        for number in range(50):
            pipe.set(f'key{number}', 'x' * number * 100).strlen(f'key{number}')
        answers = pipe.execute(raise_on_error=False)
        failed = [number for number, answer in enumerate(answers) if isinstance(answer, redis.ResponseError)]
        assert failed == drawn(name, 10, 100)
        assert [fault.request for fault in proxy.faults] == \
            [f'{"STRLEN" if number % 2 else "SET"} key{number // 2}' for number in failed]
        assert all(str(answers[number]).startswith('BUSY ') for number in failed)
        proxy.meet()
        for number in set(range(100)) - set(failed):
            stored = 0 if number - 1 in failed else number // 2 * 100
            assert answers[number] == (stored if number % 2 else True)
        assert {int(key[3:]) * 2 for key in server.scan_iter()} == set(range(0, 100, 2)) - set(failed)
        assert client.ping()
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    assert len(failed) == {2: 12, 3: 11}[protocol]


def test_exactly_the_drawn_commands_of_a_thousand_on_one_connection_fail(daemon, redis_server, server):
    failed = []
    with between(daemon, 'thousand-redis', redis_server, 'redis') as proxy, client_of(proxy) as client:
        proxy.meet(entry('error', 20, kind='busy'))
        for number in range(1000):
            try:
                assert client.echo(f'{number}') == b'%d' % number
            except redis.ResponseError:
                failed.append(number)
        assert [fault.request for fault in proxy.faults] == [f'ECHO {number}' for number in failed]
        assert proxy.count('accepted') == 1
    assert failed == drawn('thousand-redis', 20, 1000)
    assert len(failed) == 183


def test_error_that_fits_writes_only_meets_writes_only(daemon, redis_server, server):
    with between(daemon, 'writes', redis_server, 'redis') as proxy, client_of(proxy) as client, \
            client.pipeline(transaction=False) as pipe:
        proxy.meet(entry('error', 30, kind='readonly'))
        for number in range(300):
            pipe.echo(number) if number % 3 else pipe.incr('n')
        answers = pipe.execute(raise_on_error=False)
    refused = sum(isinstance(answer, redis.exceptions.ReadOnlyError) for answer in answers[::3])
    assert [answer for answer in answers[::3] if not isinstance(answer, redis.exceptions.ReadOnlyError)] == \
        list(range(1, 101 - refused))
    assert answers[1::3] + answers[2::3] == [b'%d' % number for first in (1, 2) for number in range(first, 300, 3)]
    due, waiting = 0, False
    for number in range(300):       # where it does not fit it waits for the next one that does
        waiting |= number in set(drawn('writes', 30, 300))
        if number % 3 == 0 and waiting:
            due, waiting = due + 1, False
    assert (refused, int(server.get('n'))) == (due, 100 - due)


@pytest.mark.parametrize('protocol', [2, 3])
def test_transactions_are_whole_or_not_there_whatever_is_refused_in_them(daemon, redis_server, server, protocol):
    done = 0
    with between(daemon, f'whole-{protocol}', redis_server, 'redis') as proxy, client_of(proxy, protocol) as client, \
            client.pipeline() as pipe:
        proxy.meet(entry('error', 8, kind='oom'))
        for _ in range(200):
            try:
                assert pipe.incr('a').incr('b').get('a').execute() == [done + 1, done + 1, b'%d' % (done + 1)]
                done += 1
            except (redis.exceptions.OutOfMemoryError, redis.exceptions.ExecAbortError):
                pass
        proxy.meet()
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    assert server.mget('a', 'b') == [b'%d' % done] * 2
    assert 100 < done < 200


# -- on the wire

def command(*words):
    words = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%b\r\n' % (len(word), word) for word in words)


def echoed(*words):
    return b''.join(command('ECHO', word) for word in words)


def answers(*words):
    return b''.join(b'$%d\r\n%b\r\n' % (len(word), word.encode()) for word in words)


@pytest.fixture
def client(proxy):
    with connect(proxy.port) as client:
        yield client


def came(client, expected):
    assert read_exactly(client, len(expected)) == expected


def nothing_comes(client):
    client.settimeout(30 * MS)
    with pytest.raises(socket.timeout):
        client.recv(1)
    client.settimeout(PATIENCE)


BUSY = b'-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n'
OOM = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
QUEUED = b'+QUEUED\r\n'


def test_one_answer_of_a_pipeline_is_replaced_alone(proxy, client):
    proxy.meet(entry('error', kind='busy', match='^ECHO two'))
    client.sendall(echoed('one', 'two', 'three', 'two', 'four'))
    came(client, answers('one') + BUSY + answers('three') + BUSY + answers('four'))


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_one_command_of_a_pipeline_is_late_and_those_before_it_are_not(proxy, client, before):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, before=before, match='^ECHO two'))
    client.sendall(echoed('one', 'two', 'three'))
    came(client, answers('one'))
    nothing_comes(client)
    assert [fault.request for fault in proxy.faults] == ['ECHO two']


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_late_command_is_answered_in_its_turn(proxy, client, before):
    proxy.meet(entry('delay', sleep=50 * MS, before=before, match='^ECHO two'))
    client.sendall(echoed('one', 'two', 'three'))
    came(client, answers('one', 'two', 'three'))


def test_hang_answers_what_came_before_and_nothing_more(proxy, client, server):
    proxy.meet(entry('hang', match='^INCR'))
    client.sendall(echoed('one') + command('INCR', 'n') + echoed('three'))
    came(client, answers('one'))
    nothing_comes(client)
    assert server.get('n') is None


def test_blackout_closes_the_connection_and_the_command_does_not_arrive(proxy, client, server):
    proxy.meet(entry('blackout', match='^INCR'))
    assert ask(client, echoed('one'), 9) == answers('one')
    client.sendall(command('INCR', 'n'))
    assert ending(client) == 'FIN'
    proxy.wait_for_sessions(0)
    assert server.get('n') is None


def test_abort_resets_the_connection_and_the_command_arrives(proxy, client, server):
    proxy.meet(entry('abort', match='^INCR'))
    assert ask(client, echoed('one'), 9) == answers('one')
    client.sendall(command('INCR', 'n'))
    assert ending(client) == 'RST'
    eventually(lambda: server.get('n') == b'1', 'the arrival of the command')


def test_one_answer_of_a_pipeline_is_spoiled_alone(proxy, client):
    proxy.meet(entry('error', inject=True, match='^ECHO two'))
    client.sendall(echoed('one', 'two', 'three'))
    came(client, answers('one'))
    spoiled = read_exactly(client, 100 + len(answers('two')))
    assert (spoiled[:1], spoiled[-1:]) == (b'$', b'\n')
    came(client, answers('three'))


def test_spoiled_answer_cannot_be_read_by_redis_py_and_the_next_connection_is_right(proxy):
    with redis.Redis(HOST, proxy.port, protocol=2, retry=None, socket_timeout=50 * MS) as client:
        assert client.set('key', 'value')
        proxy.meet(entry('transient', inject=True, match='^GET'))
        with pytest.raises((ValueError, redis.RedisError)):
            client.get('key')
        client.connection_pool.disconnect()
        assert client.get('key') == b'value'


def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, client):
    proxy.meet(entry('transient', kind='busy', match='echo ITEM[0-9]$', warmup=2, agitate=2))
    client.sendall(echoed('other', 'item', 'itemx') + command('PING'))
    came(client, answers('other', 'item', 'itemx') + b'+PONG\r\n')
    client.sendall(echoed(*(f'item{number}' for number in range(6)), 'other').replace(b'ECHO', b'eChO', 3))
    came(client, answers('item0', 'item1') + BUSY * 2 + answers('item4', 'item5', 'other'))
    assert [fault.request for fault in proxy.faults] == ['eChO item2', 'ECHO item3']
    assert proxy.count('exchanges') == 11


# -- transactions

def test_refused_command_makes_its_transaction_abort_and_nothing_of_it_is_run(proxy, client, server):
    proxy.meet(entry('transient', kind='oom', match='^SET b'))
    transaction = command('MULTI') + command('SET', 'a', '1') + command('SET', 'b', '1') + command('EXEC')
    client.sendall(transaction)
    came(client, b'+OK\r\n' + QUEUED + OOM + b'-EXECABORT Transaction discarded because of previous errors.\r\n')
    assert server.keys() == []
    client.sendall(transaction)
    came(client, b'+OK\r\n' + QUEUED * 2 + b'*2\r\n+OK\r\n+OK\r\n')


def test_refused_exec_drops_what_was_queued_and_what_was_watched(proxy, client, server):
    proxy.meet(entry('transient', kind='readonly', match='^EXEC'))
    transaction = command('MULTI') + command('INCR', 'a') + command('EXEC')
    client.sendall(command('WATCH', 'a') + transaction)
    came(client, b'+OK\r\n+OK\r\n' + QUEUED + b'-EXECABORT Transaction discarded because of: '
                 b"READONLY You can't write against a read only replica.\r\n")
    server.set('a', 5)      # would make a transaction fail that still watches
    client.sendall(transaction)
    came(client, b'+OK\r\n' + QUEUED + b'*1\r\n:6\r\n')


# -- without an answer, without a question

def test_command_that_wants_no_reply_meets_no_error_and_the_next_one_does(proxy, client, server):
    proxy.meet(entry('transient', kind='busy', match='^INCR'))
    client.sendall(command('CLIENT', 'REPLY', 'OFF') + command('INCR', 'n') * 3 + command('CLIENT', 'REPLY', 'ON')
                   + command('INCR', 'n') + command('INCR', 'n'))
    came(client, b'+OK\r\n' + BUSY + b':4\r\n')


@pytest.mark.parametrize('protocol', [2, 3])
def test_subscription_is_refused_alone_and_messages_go_on(proxy, server, protocol):
    with client_of(proxy, protocol) as client, client.pubsub() as listener:
        listener.subscribe('one')
        assert listener.get_message(timeout=PATIENCE)['type'] == 'subscribe'
        proxy.meet(entry('transient', kind='noperm', match='^SUBSCRIBE two'))
        listener.subscribe('two')
        with pytest.raises(redis.exceptions.NoPermissionError, match='subscribe'):
            listener.get_message(timeout=PATIENCE)
        assert server.publish('one', 'first') == 1
        assert listener.get_message(timeout=PATIENCE)['data'] == b'first'
        listener.subscribe('two')
        assert listener.get_message(timeout=PATIENCE)['data'] == 2
        assert server.publish('two', 'second') == 1
        assert listener.get_message(timeout=PATIENCE)['data'] == b'second'


def test_messages_are_not_held_back_by_a_command_that_is_late(proxy, client, server):
    client.sendall(command('HELLO', '3') + command('SUBSCRIBE', 'channel') + command('ECHO', 'the end'))
    head = b''
    while not head.endswith(b'the end\r\n'):
        head += read_exactly(client, 1)
    proxy.meet(entry('delay', sleep=100 * PATIENCE, match='^ECHO late'))
    client.sendall(echoed('late'))
    eventually(lambda: proxy.faults, 'the delay')
    server.publish('channel', 'message')
    came(client, b'>3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$7\r\nmessage\r\n')


def test_command_that_waits_in_the_server_can_fail_and_takes_nothing(proxy, server):
    server.rpush('list', 'first')
    proxy.meet(entry('transient', kind='masterdown', match='^BLPOP'))
    with client_of(proxy) as client:
        with pytest.raises(redis.exceptions.MasterDownError):
            client.blpop('list', PATIENCE)
        assert client.blpop('list', PATIENCE) == (b'list', b'first')


def test_client_that_retries_survives_what_it_takes_for_the_connection(proxy, server):
    for protocol in (2, 3):
        proxy.meet(entry('transient', kind='loading', match='^GET', agitate=2))
        retry = redis.retry.Retry(redis.backoff.NoBackoff(), 2)
        with redis.Redis(HOST, proxy.port, protocol=protocol, retry=retry, socket_timeout=PATIENCE) as client:
            client.set('key', 'value')
            assert client.get('key') == b'value'
            proxy.meet()
    assert [fault.kind for fault in proxy.faults] == ['loading'] * 4


def test_nothing_is_drawn_once_a_session_is_relayed_unread(daemon, redis_server, server):
    with between(daemon, 'monitored', redis_server, 'redis') as proxy, client_of(proxy) as client, client.monitor() as monitor:
        watching = monitor.listen()
        server.echo('seen')
        assert next(watching)['command'] == 'ECHO seen'
        proxy.meet(entry('error', kind='busy'))
        server.echo('again')
        assert next(watching)['command'] == 'ECHO again'
        assert proxy.faults == []
        assert proxy.unread == ['the connection is taken over']


# -- redirections

@pytest.fixture(scope='module')
def node():
    """A cluster of one node, that serves."""
    arguments = '--cluster-enabled', 'yes', '--cluster-port', str(free_port())
    with started(*arguments) as server, redis.Redis(HOST, server.port) as admin:
        admin.execute_command('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
        eventually(lambda: admin.cluster('INFO')['cluster_state'] == 'ok', 'the cluster')
        yield server


@pytest.mark.parametrize('kind', ['moved', 'tryagain', 'clusterdown'])
@pytest.mark.parametrize('protocol', [2, 3])
def test_cluster_client_follows_where_it_is_sent(daemon, node, kind, protocol):
    """All its connections lead through vaurien, also those to the node that it is sent to."""
    with between(daemon, f'cluster-{kind}', node, 'redis') as proxy, redis.RedisCluster(
            HOST, proxy.port, protocol=protocol, address_remap=lambda address: (HOST, proxy.port),
            socket_timeout=PATIENCE) as client:
        assert client.set('key', 'value')
        assert client.mset_nonatomic({'{key}1': 1, '{key}2': 2})
        proxy.meet(entry('transient', kind=kind, match='^M?GET'))
        assert client.mget('{key}1', '{key}2') == [b'1', b'2']
        assert [fault.kind for fault in proxy.faults] == [kind]
        proxy.meet()
        assert client.get('key') == b'value'
        assert proxy.unread == []


@pytest.mark.parametrize('kind, error', [('moved', redis.exceptions.MovedError), ('ask', redis.exceptions.AskError)])
def test_redirection_leads_to_the_slot_and_the_node_that_has_it(daemon, node, kind, error):
    with between(daemon, f'followed-{kind}', node, 'redis') as proxy, client_of(proxy) as client:
        client.set('{tag}key', 'value')
        proxy.meet(entry('transient', kind=kind, match='^GET'))
        with pytest.raises(error) as raised:
            client.get('{tag}key')
        assert raised.value.slot_id == client.execute_command('CLUSTER', 'KEYSLOT', '{tag}key')
        with redis.Redis(raised.value.host, raised.value.port, single_connection_client=True) as there:
            there.execute_command('ASKING')
            assert there.get('{tag}key') == b'value'
