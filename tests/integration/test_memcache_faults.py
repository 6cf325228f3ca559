"""What behaviors do to single requests of memcached: the drawn ones of a pipeline, the others being answered right."""
import contextlib
from random import Random

import pymemcache
import pytest
from pymemcache.exceptions import MemcacheServerError

from tests.realism.memcache import PACKET
from tests.support.hosting import eventually
from tests.support.peers import ask, connect, ending, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import SEED, between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.memcache import Memcache
from vaurien.relay.chaos import Chaos
from vaurien.spec import BehaviorSpec

FAILURE = b'SERVER_ERROR backend failure\r\n'
ERROR = entry('error', 20, kind='server-error')


def client_at(port):
    return contextlib.closing(pymemcache.Client((HOST, port), timeout=PATIENCE, default_noreply=False))


@pytest.fixture
def server(memcached_server):
    """A client of the server itself, which is empty."""
    with client_at(memcached_server.port) as server:
        server.flush_all()
        yield server


@pytest.fixture
def proxy(daemon, server, memcached_server):
    with between(daemon, 'memcache-faults', memcached_server, 'memcache') as proxy:
        yield proxy
        assert proxy.unread == []


@pytest.fixture
def client(proxy):
    with connect(proxy.port) as client:
        yield client


def drawn(name, count):
    """Return which requests of the first session of a proxy are drawn for ``ERROR``, counted from 0."""
    chaos, random = Chaos([BehaviorSpec(**ERROR)], {}, Memcache), Random(f'{SEED}/{name}/1')
    return [number for number in range(count) if chaos.draw(random).name == 'error']


def came(client, expected):
    assert read_exactly(client, len(expected)) == expected


def nothing_comes(client):
    client.settimeout(30 * MS)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE)


def get(name):
    return f'get {name}\r\n'.encode()


def value(name):
    return b'VALUE %b 0 %d\r\n%b\r\nEND\r\n' % (name.encode(), len(name), name.encode())


@pytest.fixture
def words(server):
    """Keys that are stored with themselves as their values."""
    names = ['one', 'two', 'three', 'four']
    assert server.set_many({name: name for name in names}) == []
    return names


def test_exactly_the_drawn_requests_of_a_pipeline_of_1000_fail_and_do_not_arrive(daemon, memcached_server, server):
    with between(daemon, 'pipeline-memcache', memcached_server, 'memcache', [ERROR]) as proxy, connect(proxy.port) as client:
        client.sendall(b''.join(b'set key%d 0 0 3\r\nabc\r\n' % number for number in range(1000)))
        failed = drawn('pipeline-memcache', 1000)
        came(client, b''.join(FAILURE if number in failed else b'STORED\r\n' for number in range(1000)))
        assert [fault.request for fault in proxy.faults] == [f'set key{number}' for number in failed]
        assert (proxy.count('accepted'), proxy.unread) == (1, [])
    assert set(server.get_many([f'key{number}' for number in range(1000)])) == \
        {f'key{number}' for number in range(1000) if number not in failed}
    assert len(failed) == 224


def test_exactly_the_drawn_requests_of_the_binary_protocol_fail(daemon, memcached_server, server):
    def packet(magic, status, number, said=b''):
        key = b'key%d' % number if magic == 0x80 else b''
        extras = bytes(8) if key else b''
        body = extras + key + said
        return PACKET.pack(magic, 0x01, len(key), len(extras), status, len(body), number, 0) + body
    with between(daemon, 'binary-memcache', memcached_server, 'memcache', [ERROR]) as proxy, connect(proxy.port) as client:
        client.sendall(b''.join(packet(0x80, 0, number, b'value') for number in range(300)))
        failed = drawn('binary-memcache', 300)
        for number in range(300):
            head = PACKET.unpack(read_exactly(client, PACKET.size))
            assert (head[4], head[6]) == (0x84 if number in failed else 0, number)
            assert read_exactly(client, head[5]) == (b'Internal error' if number in failed else b'')
        assert proxy.unread == []
    assert len(server.get_many([f'key{number}' for number in range(300)])) == 300 - len(failed)
    assert len(failed) == 61


def test_one_answer_of_a_pipeline_is_replaced_alone(proxy, client, words):
    proxy.meet(entry('error', kind='server-error', match='^get two$'))
    client.sendall(b''.join(map(get, ('one', 'two', 'three', 'two', 'four'))))
    came(client, value('one') + FAILURE + value('three') + FAILURE + value('four'))


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_one_request_of_a_pipeline_is_late_and_those_before_it_are_not(proxy, client, words, before):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, before=before, match='two'))
    client.sendall(b''.join(map(get, words)))
    came(client, value('one'))
    nothing_comes(client)
    assert [fault.request for fault in proxy.faults] == ['get two']


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_late_request_is_answered_in_its_turn(proxy, client, words, before):
    proxy.meet(entry('delay', sleep=50 * MS, before=before, match='two'))
    client.sendall(b''.join(map(get, words)))
    came(client, b''.join(map(value, words)))


def test_hang_answers_what_came_before_and_nothing_more(proxy, client, words, server):
    proxy.meet(entry('hang', match='^delete'))
    client.sendall(get('one') + b'delete two\r\n' + get('three'))
    came(client, value('one'))
    nothing_comes(client)
    assert server.get('two') == b'two'


@pytest.mark.parametrize('behavior, end, arrives', [('blackout', 'FIN', False), ('abort', 'RST', True)])
def test_connection_ends_at_a_request_and_the_one_before_it_is_answered(proxy, client, words, server, behavior, end, arrives):
    proxy.meet(entry(behavior, match='^delete'))
    assert ask(client, get('one'), len(value('one'))) == value('one')
    client.sendall(b'delete two\r\n')
    assert ending(client) == end
    proxy.wait_for_sessions(0)
    eventually(lambda: (server.get('two') is None) is arrives, 'what the server knows')


def test_one_answer_of_a_pipeline_is_spoiled_alone(proxy, client, words):
    proxy.meet(entry('error', inject=True, match='two'))
    client.sendall(b''.join(map(get, words)))
    came(client, value('one'))
    assert value('two') != read_exactly(client, 100 + len(value('two')))
    came(client, value('three') + value('four'))


def test_error_passes_over_what_is_not_answered_and_meets_what_comes_next(proxy, client, server):
    proxy.meet(entry('transient', kind='server-error', match='key'))
    client.sendall(b'set key 0 0 1 noreply\r\n1\r\n' * 3 + b'incr key 1\r\n' + b'incr key 1\r\n')
    came(client, FAILURE + b'2\r\n')
    assert server.get('key') == b'2'


def test_quiet_meta_request_can_fail_alone(proxy, client, words):
    proxy.meet(entry('error', kind='server-error', match='^mg two'))
    client.sendall(b''.join(f'mg {name} v k q\r\n'.encode() for name in ('nothing', *words)) + b'mn\r\n')
    came(client, b'VA 3 kone\r\none\r\n' + FAILURE + b'VA 5 kthree\r\nthree\r\nVA 4 kfour\r\nfour\r\nMN\r\n')


#: by name: what closes a batch of quiet requests, the kind of error that it gets, and the error
CLOSERS = {
    'mn': (b'mn\r\n', 'error', b'ERROR\r\n'),
    'get': (get('two'), 'server-error', FAILURE),
    'set': (b'set two 0 0 3\r\ntwo\r\n', 'out-of-memory', b'SERVER_ERROR out of memory storing object\r\n'),
    'a loud mg': (b'mg two v\r\n', 'server-error', FAILURE),
    'a quiet mg': (b'mg two v q\r\n', 'server-error', FAILURE),
}


@pytest.mark.parametrize('closer', CLOSERS)
def test_failure_of_what_closes_a_batch_of_quiet_requests_is_not_waited_for_in_vain(proxy, client, words, server, closer):
    """Quiet requests that miss have no response: the error waits for one that only a request after them brings about."""
    asked, kind, error = CLOSERS[closer]
    proxy.meet(entry('transient', kind=kind, match='^(mn|(get|set|mg) two)'))
    client.sendall(b'mg nothing v q\r\nmg one v k q\r\nmg none v q\r\n' + asked)
    came(client, b'VA 3 kone\r\none\r\n' + error)
    client.sendall(b'mg none q\r\n' + get('two') + b'mn\r\n')
    came(client, value('two') + b'MN\r\n')


def binary(opcode, key=b'', number=0, value=b'', magic=0x80, status=0):
    extras = bytes(4) if value and not status else b''
    body = extras + key + value
    return PACKET.pack(magic, opcode, len(key), len(extras), status, len(body), number, 0) + body


@pytest.mark.parametrize('opcode, key', [(0x0a, b''), (0x00, b'two'), (0x0d, b'two')], ids=['noop', 'get', 'getkq'])
def test_failure_of_what_closes_a_batch_of_the_binary_protocol_is_not_waited_for_in_vain(proxy, client, words, opcode, key):
    proxy.meet(entry('transient', kind='error', match='^(noop|get two)'))
    client.sendall(binary(0x09, b'nothing', 1) + binary(0x0d, b'one', 2) + binary(0x09, b'none', 3) + binary(opcode, key, 4))
    hit = read_exactly(client, PACKET.size + 10)
    assert (PACKET.unpack(hit[:PACKET.size])[6], hit[-3:]) == (2, b'one')
    came(client, binary(opcode, number=4, value=b'Unknown command', magic=0x81, status=0x81))
    client.sendall(binary(0x09, b'none', 5) + binary(0x0a, number=6))
    came(client, binary(0x0a, number=6, magic=0x81))


def test_hang_of_what_closes_a_batch_of_quiet_requests_answers_the_batch_and_nothing_more(proxy, client, words):
    proxy.meet(entry('hang', match='^mn$'))
    client.sendall(b'mg nothing v q\r\nmg one v q\r\nmn\r\n' + get('two'))
    came(client, b'VA 3\r\none\r\n')
    nothing_comes(client)
    session, = proxy.client.sessions(proxy.name)
    assert session['request'] == 'mn'


@pytest.mark.parametrize('fault', [entry('error', inject=True), entry('delay', sleep=100 * PATIENCE, before=False)],
                         ids=['inject', 'delay'])
def test_nothing_happens_to_a_response_that_a_quiet_request_does_not_have(proxy, client, words, fault):
    """What acts on responses has nothing to act on: it would write where there is nothing, or keep the next one waiting."""
    fault['settings']['match'] = 'none'
    proxy.meet(fault)
    client.sendall(b'mg none v k q\r\nmg one v k q\r\nmg none v k q\r\nmn\r\n')
    came(client, b'VA 3 kone\r\none\r\nMN\r\n')


@pytest.mark.parametrize('fault', [entry('error', inject=True), entry('delay', sleep=100 * PATIENCE, before=False)],
                         ids=['inject', 'delay'])
def test_nothing_happens_to_a_response_that_a_quiet_request_of_the_binary_protocol_does_not_have(proxy, client, words, fault):
    fault['settings']['match'] = 'none'
    proxy.meet(fault)
    client.sendall(binary(0x09, b'none', 1) + binary(0x0a, number=2))
    came(client, binary(0x0a, number=2, magic=0x81))


def test_each_of_many_requests_is_answered_whichever_fail_and_whichever_are_quiet(daemon, memcached_server, server):
    """Each quiet one misses. A loud one has the response of the server, or the error that was drawn for it; so has the last."""
    random, asked, loud = Random(SEED), [], []
    failed = drawn('quiet-memcache', 2_000)
    for number in range(failed[-1] + 1):
        quiet = random.random() < 0.9
        loud += [] if quiet else [number]
        asked.append(b'mg none%d%b\r\n' % (number, b' v q' if quiet else b' v'))
    with between(daemon, 'quiet-memcache', memcached_server, 'memcache', [ERROR]) as proxy, connect(proxy.port) as client:
        client.sendall(b''.join(asked))
        answered = sorted({*loud, *failed})
        came(client, b''.join(FAILURE if number in failed else b'EN\r\n' for number in answered))
        assert proxy.unread == []


def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, client, server):
    proxy.meet(entry('transient', kind='server-error', match='GET item[0-9]$', warmup=2, agitate=2))
    client.sendall(b''.join(map(get, ('other', 'item', 'itemx'))))
    came(client, b'END\r\n' * 3)
    client.sendall(b''.join(map(get, (*(f'item{number}' for number in range(6)), 'other'))))
    came(client, b'END\r\n' * 2 + FAILURE * 2 + b'END\r\n' * 3)
    assert [fault.request for fault in proxy.faults] == ['get item2', 'get item3']
    assert proxy.count('exchanges') == 10


def test_client_library_goes_on_with_a_new_connection(proxy, server):
    with client_at(proxy.port) as client:
        assert client.set('key', 'value')
        proxy.meet(entry('transient', kind='out-of-memory', match='^set'))
        with pytest.raises(MemcacheServerError, match='out of memory'):
            client.set('key', 'other')
        assert client.get('key') == b'value'
        assert proxy.count('accepted') == 2
