"""The journal of a fleet: a header, what proxies are, exchanges with their faults, and marks."""
import json
from binascii import crc32

from tests.support.hosting import SEED, hosted, spec_for
from tests.support.peers import Backend, ask, connect, echo_server
from vaurien.outputs.journal.batches import BATCH_EXCHANGES
from vaurien.outputs.journal.file import JournalFile

GET_0 = b'*2\r\n$3\r\nGET\r\n$1\r\n0\r\n'


def answering(sock):
    """Find nothing, and refuse all else."""
    while request := sock.recv(65536):
        sock.sendall(b'$-1\r\n' if b'GET' in request else b'-ERR\r\n')


def lines_of(path):
    return [json.loads(line) for line in path.read_text('utf-8').splitlines()]


def test_a_journal_holds_the_run_in_its_order(tmp_path):
    path = tmp_path / 'journal'
    with echo_server() as backend, hosted(spec_for(backend, protocol='tcp')) as host:
        journal = host.call(lambda: JournalFile(host.fleet, str(path)))
        with connect(host.port) as sock:
            assert ask(sock, b'hello', 5) == b'hello'
        host.wait_idle()
        host.mix('100:delay')
        host.call(lambda: host.fleet.exchanges.begin_mark('test_a'))
        host.call(lambda: host.fleet.journal.notice('cluster: healed: x'))
        host.call(journal.close)
        lines = lines_of(path)
    assert [line['type'] for line in lines] == ['journal', 'proxy', 'open', 'close', 'proxy', 'mark', 'notice']
    assert (lines[0]['version'], lines[0]['seed']) == (1, SEED)
    assert (lines[3]['sent'], lines[3]['received'], lines[3]['by'], lines[3]['how']) == (5, 5, 'client', 'fin')
    assert (lines[4]['behavior'], lines[4]['mix'][0]['settings']['sleep']) == ('delay', 1.0)
    assert lines[5]['test'] == 'test_a'
    assert lines[6]['text'] == 'cluster: healed: x'


def test_nothing_is_written_once_it_is_closed(tmp_path):
    path = tmp_path / 'journal'
    with echo_server() as backend, hosted(spec_for(backend, protocol='tcp')) as host:
        journal = host.call(lambda: JournalFile(host.fleet, str(path)))
        host.call(journal.close)
        host.mix('100:delay')
        assert not host.fleet.exchanges.followed
        assert not host.fleet.journal.listeners
    assert [line['type'] for line in lines_of(path)] == ['journal', 'proxy']


DIFFERENT = ('time', 'session', 'seconds')     #: from one session to the next


def talk(host, count):
    """Ask Redis for one thing after the other."""
    with connect(host.port) as sock:
        for number in range(count):
            ask(sock, b'*2\r\n$3\r\nGET\r\n$1\r\n%d\r\n' % (number % 10), 5)
            ask(sock, b'*2\r\n$4\r\nINCR\r\n$1\r\na\r\n', 6)
    host.wait_idle()


def test_lines_that_are_made_together_are_those_that_are_made_one_by_one(tmp_path):
    """Alone the journal makes its lines when there are many; beside another follower each at once. Events keep their places."""
    alone, beside = tmp_path / 'alone', tmp_path / 'beside'
    with Backend(answering) as backend, hosted(spec_for(backend, protocol='redis')) as host:
        for path, follower in ((alone, None), (beside, lambda exchanged: None)):
            if follower:
                host.call(lambda follower=follower: host.fleet.exchanges.follow(follower))
            journal = host.call(lambda path=path: JournalFile(host.fleet, str(path)))
            assert (host.fleet.exchanges.later is None) is (follower is not None)
            talk(host, 2 * BATCH_EXCHANGES)
            host.call(lambda: host.fleet.exchanges.begin_mark('b'))
            talk(host, 1)
            host.call(lambda: host.fleet.exchanges.begin_mark(''))
            host.call(journal.close)
    found = [[{key: value for key, value in line.items() if key not in DIFFERENT and key != 'client'} for line in lines_of(path)]
             for path in (alone, beside)]
    assert found[0] == found[1]
    kinds = [line['type'] for line in found[0]]
    assert kinds == ['journal', 'proxy', 'open', *['exchange'] * 4 * BATCH_EXCHANGES, 'close', 'mark', 'open', *['exchange'] * 2,
                     'close', 'mark']
    assert [line['number'] for line in found[0][3:3 + 4 * BATCH_EXCHANGES]] == list(range(1, 4 * BATCH_EXCHANGES + 1))
    assert found[0][3] == {'type': 'exchange', 'proxy': 'default', 'number': 1, 'name': 'GET 0', 'shape': 'GET ?', 'answer': 'ok',
                           'sent': 20, 'received': 5, 'digest': f'{crc32(GET_0):08x}', 'code': 'nil', 'stage': 'command'}
    assert (found[0][4]['answer'], found[0][-2]['proxy'], found[0][-3]['test']) == ('ERR', 'default', 'b')
