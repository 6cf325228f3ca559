"""The journal of a fleet: a header, what proxies are, exchanges with their faults, and marks."""
import json

from tests.support.hosting import SEED, hosted, spec_for
from tests.support.peers import ask, connect, echo_server
from vaurien.outputs.journal.file import JournalFile


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
        host.call(journal.close)
        lines = lines_of(path)
    assert [line['type'] for line in lines] == ['journal', 'proxy', 'open', 'close', 'proxy', 'mark']
    assert (lines[0]['version'], lines[0]['seed']) == (1, SEED)
    assert (lines[3]['sent'], lines[3]['received'], lines[3]['by'], lines[3]['how']) == (5, 5, 'client', 'fin')
    assert (lines[4]['behavior'], lines[4]['mix'][0]['settings']['sleep']) == ('delay', 1.0)
    assert lines[5]['test'] == 'test_a'


def test_nothing_is_written_once_it_is_closed(tmp_path):
    path = tmp_path / 'journal'
    with echo_server() as backend, hosted(spec_for(backend, protocol='tcp')) as host:
        journal = host.call(lambda: JournalFile(host.fleet, str(path)))
        host.call(journal.close)
        host.mix('100:delay')
        assert not host.fleet.exchanges.followed
    assert [line['type'] for line in lines_of(path)] == ['journal', 'proxy']
