"""Lines that a worker hands over: of one version each, and counted where the other side does not take them."""
import json

import pytest

from vaurien.proxies.exchanges import Exchanges
from vaurien.relay.recording.records import Opened
from vaurien.workers.recording import handed
from vaurien.workers.recording.handed import HandedJournal


class Taking:
    """A channel to a process that takes what the test says."""

    def __init__(self):
        self.frames, self.behind = [], 0

    def post(self, frame):
        self.frames.append(frame)


def lines(frame):
    return [json.loads(line) for line in frame.data.splitlines()]


@pytest.fixture
def channel():
    return Taking()


@pytest.fixture
def exchanges():
    return Exchanges()


def opened(number):
    return Opened(0.0, 'one', number, '127.0.0.1:1')


def test_what_was_done_before_a_change_is_handed_over_before_it(exchanges, channel):
    journal = HandedJournal(exchanges, channel)
    journal.begin(1)
    exchanges.happened(opened(1))
    journal.begin(2)
    exchanges.happened(opened(2))
    journal.flush()
    assert [(frame.kind, frame.id, [line['session'] for line in lines(frame)]) for frame in channel.frames] == [
        ('lines', 1, [1]), ('lines', 2, [2])]


def test_what_the_other_side_does_not_take_is_counted_and_said_once(exchanges, channel, caplog):
    journal = HandedJournal(exchanges, channel)
    channel.behind = handed.MAX_PENDING_BYTES + 1
    for number in (1, 2):
        exchanges.happened(opened(number))
        journal.flush()
    assert channel.frames == []
    channel.behind = 0
    exchanges.happened(opened(3))
    journal.flush()
    assert [(line['type'], line.get('lines')) for line in lines(channel.frames[0])] == [('lost', 2), ('open', None)]
    assert caplog.text.count('the journal lacks lines') == 1
