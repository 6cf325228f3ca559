"""Which exchange of an earlier run a request is paired with, and what of it is told: by names and histories, bytes alone."""
import subprocess
import sys

import msgspec
import pytest

from vaurien.errors import ConfigError
from vaurien.plans.past import History, read_past
from vaurien.plans.replay import Replay
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange

REDIS, TCP = Protocol.get('redis'), Protocol.get('tcp')
HEADER = {'type': 'journal', 'version': 1, 'vaurien': '3', 'time': 0, 'seed': 5}


def exchange(session, number, name, fault='', time=0.0, **fields):
    return {'type': 'exchange', 'time': time or session + number / 100, 'proxy': 'p', 'session': session, 'number': number,
            'name': name, 'shape': REDIS.shape(name), 'fault': fault, **fields}


def mix(**settings):
    entries = [{'name': name, 'percent': 5, 'settings': given} for name, given in settings.items()]
    return {'type': 'proxy', 'proxy': 'p', 'mix': entries}


def past(*lines, **header):
    return read_past([msgspec.json.encode(line) + b'\n' for line in ({**HEADER, **header}, *lines)], '--replay x')


def replay(*lines, **header):
    return Replay(past(*lines, **header))


class Play:
    """Sessions that ask in any order."""

    def __init__(self, *lines, protocol=REDIS):
        self.replay, self.cls = replay(*lines), protocol
        self.sessions = {}

    def ask(self, session, name, number=None, digest=''):
        """Return what a request gets, as behavior and kind; None: nothing."""
        if session not in self.sessions:
            self.sessions[session] = [self.replay.of('p').session(session), self.cls({}), 0]
        of, protocol, count = self.sessions[session]
        self.sessions[session][2] = count + 1
        asked = Exchange(name.encode(), 'command', note=(0xFFFF, b'', '', 1))
        asked.number = count + 1 if number is None else number
        found = of.find(protocol, asked, digest)
        self.random = asked.random
        return found and (found[1].name, found[1].settings.get('kind', ''))


READONLY, LOADING = ('error', 'readonly'), ('error', 'loading')


def test_sessions_that_come_in_another_order_are_known_by_what_they_ask_for():
    play = Play(exchange(1, 1, 'SET a:x'), exchange(1, 2, 'GET same', 'error/loading'), exchange(2, 1, 'SET b:x'),
                exchange(2, 2, 'GET same'), exchange(2, 3, 'SET b:x', 'error/readonly'))
    assert [play.ask(1, 'SET b:x'), play.ask(1, 'GET same'), play.ask(2, 'SET a:x')] == [None, None, None]
    assert [play.ask(1, 'SET b:x'), play.ask(2, 'GET same')] == [READONLY, LOADING]


def test_a_request_of_another_history_gets_what_its_name_got_in_the_order_of_requests():
    play = Play(exchange(1, 1, 'SET a'), exchange(1, 2, 'GET x', 'error/loading'), exchange(2, 1, 'GET x'))
    assert [play.ask(1, 'PING'), play.ask(1, 'GET x'), play.ask(1, 'GET x'), play.ask(1, 'GET x')] == [None, LOADING, None, None]


def test_a_name_that_differs_from_run_to_run_is_known_by_its_shape():
    play = Play(exchange(1, 1, 'SET session:1234'), exchange(1, 2, 'SET session:5678', 'error/readonly'))
    assert [play.ask(1, f'SET session:{number}') for number in (9012, 3456, 7)] == [None, READONLY, None]


def test_a_name_of_the_earlier_run_is_taken_for_no_other_of_its_shape():
    play = Play(exchange(1, 1, 'SET key:1'), exchange(1, 2, 'SET key:2', 'error/readonly'))
    assert [play.ask(1, 'SET key:1'), play.ask(1, 'SET key:1'), play.ask(1, 'SET key:2')] == [None, None, READONLY]


def test_requests_are_paired_within_their_tests_where_tests_are_told():
    lines = exchange(1, 1, 'GET a', test='one'), exchange(1, 2, 'GET a', 'error/loading', test='two')
    play = Play(*lines)
    play.replay.mark('two')
    assert [play.ask(1, 'GET a'), play.ask(1, 'GET a')] == [LOADING, None]
    play = Play(*lines)
    assert [play.ask(1, 'GET a'), play.ask(1, 'GET a')] == [None, LOADING]     # nothing is told of tests


def test_events_and_openings_are_known_by_their_number():
    events = [{**exchange(2, number, '', fault), 'shape': ''} for number, fault in ((1, ''), (2, 'hang'))]
    play = Play(*events, {**exchange(3, 0, 'connect', 'abort'), 'stage': 'connect'}, protocol=TCP)
    assert [play.ask(1, ''), play.ask(1, ''), play.ask(2, ''), play.ask(2, '')] == [None, None, None, ('hang', '')]
    assert [play.ask(2, 'connect', 0), play.ask(3, 'connect', 0)] == [None, ('abort', '')]


def test_a_fault_has_the_settings_that_it_had_and_its_random_numbers():
    play = Play(mix(delay={'sleep': 3, 'match': 'x'}, error={'inject': True, 'warmup': 9}), exchange(4, 1, 'GET a', 'delay'),
                exchange(4, 2, 'GET b', 'error/inject'))
    of = play.replay.of('p')
    assert [entry.spec.settings for entry in of.entries] == [{'sleep': 3}, {'inject': True}]
    assert play.ask(1, 'GET a') == ('delay', '')
    first = play.random.random()
    again = Play(mix(delay={'sleep': 3}), exchange(4, 1, 'GET a', 'delay'))
    again.ask(7, 'GET a')
    assert again.random.random() == first


def test_what_was_not_repeated_says_why():
    play = Play(exchange(1, 1, 'GET a', 'error/loading'), exchange(1, 2, 'GET b', 'nothing-of-this-name', test='t'))
    assert play.ask(1, 'GET b') is None
    assert [(entry.text, entry.why_not) for entry in play.replay.entries] == [
        ('p: GET a (session 1, exchange 1) = error/loading', 'no request has matched'),
        ('p: GET b (session 1, exchange 2, t) = nothing-of-this-name', play.replay.entries[1].reason)]
    assert 'nothing-of-this-name' in play.replay.entries[1].reason


def test_a_plans_entry_gives_the_settings_of_its_fault():
    plan = [{'name': 'toxic:latency', 'settings': {'latency': 300, 'requests': 2}}]
    found = replay(exchange(1, 1, 'GET a', 'latency'), plan=plan)
    entry, = found.entries
    assert (entry.spec.name, entry.spec.settings) == ('latency', {'latency': 300, 'requests': 2})


def test_lines_that_are_not_known_are_passed_over_and_lost_ones_counted():
    found = past({'type': 'new', 'session': 1}, {**exchange(1, 1, 'GET a', 'abort'), 'new': [1]}, {'type': 'lost', 'lines': 7})
    assert (len(found.exchanges['p']), found.lost, found.seed) == (1, 7, 5)


def test_a_last_line_that_is_cut_is_passed_over():
    whole = msgspec.json.encode(HEADER) + b'\n'
    assert read_past([whole, b'{"type":"exch'], 'x').exchanges == {}
    with pytest.raises(ConfigError, match=r'^x line 2: .* a line of a journal'):
        read_past([whole, b'{"type":"exch\n', whole], 'x')


@pytest.mark.parametrize('lines', [[], [b'no json'], [b'{}\n'], [b'[]\n'], [b'{"type":"journal","version":2}\n'],
                                   [b'\xff\xfe\n']])
def test_what_is_no_journal_is_refused(lines):
    with pytest.raises(ConfigError, match='^--replay x'):
        read_past(lines, '--replay x')


def test_histories_differ_by_order():
    assert History().after('a', 'a').after('b', 'b') != History().after('b', 'b').after('a', 'a')


def test_requests_of_one_name_are_told_apart_by_their_payloads():
    lines = (exchange(1, 1, 'SET a', 'error/readonly', digest='00000001'), exchange(2, 1, 'SET a', digest='00000002'),
             exchange(3, 1, 'SET a', 'error/loading', digest='00000003'))
    play = Play(*lines)
    assert [play.ask(session, 'SET a', digest=f'0000000{digest}') for session, digest in ((1, 3), (2, 2), (3, 1))] == [
        LOADING, None, READONLY]
    play = Play(*lines)     # none of these payloads, as where they have the time in them
    assert [play.ask(session, 'SET a', digest='12345678') for session in (1, 2, 3)] == [READONLY, None, LOADING]
    play = Play(*lines)     # not known, as where it has not come whole
    assert [play.ask(session, 'SET a') for session in (1, 2, 3)] == [READONLY, None, LOADING]


def test_payloads_are_looked_at_only_where_a_name_has_several():
    alone = replay(exchange(1, 1, 'SET a', 'error/readonly', digest='00000001'), exchange(2, 1, 'SET a', digest='00000001'))
    assert not alone.of('p').session(1).compares
    several = replay(exchange(1, 1, 'SET a', 'error/readonly', digest='00000001'), exchange(2, 1, 'SET a', digest='00000002'))
    assert several.of('p').session(1).compares


def test_histories_do_not_depend_on_the_order_in_which_lines_come():
    lines = [exchange(1, number, f'GET {number}', 'abort') for number in range(1, 6)]
    close = {'type': 'close', 'proxy': 'p', 'session': 1}
    expected = [one.history for one in past(*lines).exchanges['p']]
    assert len(set(expected)) == 5
    for order in ((4, 3, 2, 1, 0), (1, 0, 3, 2, 4)):
        assert [one.history for one in past(*(lines[at] for at in order), close).exchanges['p']] == expected
    gap = past(*(lines[at] for at in (0, 2, 4, 3)), close).exchanges['p']
    assert [one.history for one in gap][:2] == expected[:2]
    assert len({one.history for one in gap}) == 4


LINES, FAULTS = 200_000, 200    #: of a journal of 37 MB, of which one request in 50 is of a shape that had a fault
MAX_BYTES = 15_000_000
READING = """
import resource, sys
from vaurien.plans.past import opened, read_past
from vaurien.plans.replay import Replay
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with opened(sys.argv[1]) as lines:
    replay = Replay(read_past(lines, 'x'))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, len(replay.entries))
"""


@pytest.fixture(scope='module')
def long_journal(tmp_path_factory):
    path = tmp_path_factory.mktemp('long') / 'journal'
    with path.open('wb') as file:
        file.write(msgspec.json.encode(HEADER) + b'\n')
        for number in range(LINES):
            name = f'SET a:{number}' if number % 50 else f'GET b:{number}'
            line = exchange(number // 200 + 1, number % 200 + 1, name, '' if number % 1000 else 'error/loading')
            more = {'digest': f'{number:08x}', 'answer': 'ok', 'seconds': 0.001, 'sent': 40, 'stage': 'command'}
            file.write(msgspec.json.encode({**line, **more}) + b'\n')
    return path


@pytest.mark.parametrize('pipe', [False, True])
def test_a_long_journal_is_read_line_by_line(long_journal, pipe):
    path = long_journal
    given, taken = ('/dev/stdin', subprocess.Popen(['cat', path], stdout=subprocess.PIPE)) if pipe else (str(path), None)
    done = subprocess.run([sys.executable, '-c', READING, given], stdin=taken and taken.stdout, capture_output=True, text=True)
    if taken is not None:
        taken.stdout.close()
        assert taken.wait() == 0
    assert not done.stderr
    size, faults = map(int, done.stdout.split())
    assert faults == FAULTS
    assert size < MAX_BYTES
