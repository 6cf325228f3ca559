"""Messages of WebSocket in the journal, in plans, and in what explore makes of a run."""
import contextlib
import json
import sys
import textwrap

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as websocket

from tests.support.processes import HOST
from tests.support.proxied import between
from tests.support.recorded import recorded
from tests.support.unit_of_time import PATIENCE
from tests.support.websocket_servers import echo_server
from vaurien.explore.model import records
from vaurien.explore.model.faults import points_of
from vaurien.explore.model.sites import Known, places
from vaurien.protocols.http.effects import EFFECTS
from vaurien.spec import BehaviorSpec


@pytest.fixture(scope='module')
def echo():
    with echo_server() as server:
        yield server


def talk(port, *messages, answers=None):
    """Send messages, and return what comes back."""
    with websocket(f'ws://{HOST}:{port}/rooms/7', compression=None, max_size=None) as client:
        for message in messages:
            client.send(message)
        found = []
        with contextlib.suppress(ConnectionClosed):
            found.extend(client.recv(PATIENCE) for _ in range(len(messages) if answers is None else answers))
        return found


MESSAGES = '{"tick": 1}', bytes(100), 'y' * 100_000, '{"tick": 2}'


def test_messages_are_recorded_with_their_bytes_and_the_digest_of_what_they_say(echo):
    with recorded(echo.port, 'http') as seen:
        for _ in range(2):
            assert talk(seen.port, *MESSAGES) == [*MESSAGES]
            seen.closed()
        exchanges = seen.wait(2 * 9)
    sent, received = ([one for one in exchanges if one.stage == stage] for stage in ('message sent', 'message received'))
    assert [one.shape for one in sent[:2]] == ['send {"tick": ?}', 'send ? bytes']
    assert [one.name for one in received[:2]] == ['receive {"tick": 1}', 'receive 100 bytes']
    assert [one.sent for one in sent[:4]] == [11 + 6, 100 + 6, 100_000 + 14, 11 + 6]
    assert [one.received for one in received[:4]] == [11 + 2, 100 + 2, 100_000 + 10, 11 + 2]
    assert [one.digest for one in sent[:4]] == [one.digest for one in sent[4:]]     # whatever the masks are
    assert len({one.digest for one in sent}) == 4
    assert {(one.answer, one.fault) for one in (*sent, *received)} == {('none', '')}
    assert sorted(one.number for one in exchanges[:9]) == list(range(1, 10))


def test_a_fault_at_a_message_is_recorded_with_it(echo):
    mix = (BehaviorSpec(name='error', percent=100, settings={'kind': 'ws-close-1012', 'match': '^receive .*2'}),)
    with recorded(echo.port, 'http', mix) as seen:
        assert len(talk(seen.port, *MESSAGES)) == 3
        assert seen.closed().by == 'vaurien'
    faults = [(one.name, one.fault) for one in seen.exchanges if one.fault]
    assert faults == [('receive {"tick": 2}', 'error/ws-close-1012')]


def test_a_plan_means_the_third_of_some_messages(daemon, echo):
    with between(daemon, 'planned-ws', echo, 'http') as proxy, proxy.fault('receive *tick*', nth=3, kind='ws-dropped') as fault:
        ticks = [f'{{"tick": {number}}}' for number in range(5)]
        assert talk(proxy.port, 'hello', *ticks, answers=5) == ['hello', *ticks[:2], *ticks[3:]]
        assert [found.request for found in fault.where] == [f'receive {ticks[2]}']


def test_explore_offers_at_messages_what_they_can_meet(echo):
    with recorded(echo.port, 'http') as seen:
        talk(seen.port, MESSAGES[0])
        seen.closed()
        exchanges = seen.wait(3)
    known = Known({'recorded': EFFECTS}, {})
    tested = records.Tested('test', 'passed', exchanges=exchanges, seconds=1.0)
    found = {place.site.stage: [point.category for point in points_of(place, 'http')] for place in places(tested, known)}
    assert set(found) == {'websocket', 'message sent', 'message received'}
    assert [effect.writes for effect in known.effects_of(exchanges)] == [False, True, False]
    assert all(set('ABEF') <= set(categories) for categories in found.values())


PROGRAM = """
    import sys, os
    from websockets.sync.client import connect
    with connect(os.environ['FEED_URL'], compression=None) as client:
        for number in range(3):
            client.send('tick %d' % number)
        print([client.recv(5) for _ in range(2)])
"""


def test_a_command_of_run_meets_a_fault_at_a_message(echo, tmp_path):
    import subprocess
    journal = tmp_path / 'journal'
    done = subprocess.run(
        [sys.executable, '-m', 'vaurien', 'run', '--through', 'FEED_URL:http',
         '--fault',
         'feed_url: receive tick * #2 = ws-dropped', '--journal', journal, '--', sys.executable, '-c', textwrap.dedent(PROGRAM)],
        env={'PATH': '/usr/bin:/bin', 'FEED_URL': f'ws://{HOST}:{echo.port}/feed'}, capture_output=True, text=True,
        timeout=PATIENCE, check=False)
    assert done.stdout == "['tick 0', 'tick 2']\n", done.stderr
    names = [json.loads(line).get('name') for line in journal.read_text().splitlines()]
    assert 'receive tick 1' in names
