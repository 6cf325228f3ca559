"""Queues that tell how long requests took, and queues that do not."""
import pytest

from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Queue
from vaurien.relay.recording import watched
from vaurien.relay.recording.watched import Looking, queue_for


class Noting(Looking):
    def __init__(self):
        super().__init__()
        self.found = []

    def passed(self, session, exchange, seconds):
        self.found.append((session, exchange, seconds))


@pytest.fixture
def looking():
    return Noting()


@pytest.fixture
def queue(looking):
    """A queue that has become one that tells, with what was in it."""
    made = Queue([Exchange(b'before')])
    made.owner = 3
    made.__class__ = queue_for(looking)
    return made


def test_what_was_in_the_queue_stays_and_is_not_told_of(queue, looking):
    assert queue.popleft().name == 'before'
    assert looking.found == []


def test_an_exchange_that_has_begun_is_told_of_when_it_is_answered(queue, looking):
    exchange = Exchange(b'GET a')
    looking.began(exchange)
    queue.append(exchange)
    queue.popleft()
    assert queue.popleft() is exchange
    (session, found, seconds), = looking.found
    assert (session, found, looking.under_way) == (3, exchange, {})
    assert seconds >= 0


def test_those_that_are_answered_together_are_told_of_too(queue, looking):
    exchanges = [Exchange(b'GET a'), Exchange(b'GET b')]
    for exchange in exchanges:
        looking.began(exchange)
        queue.append(exchange)
    queue.clear()
    assert [found for _, found, _ in looking.found] == exchanges
    assert not queue


def test_one_that_is_not_answered_is_counted_and_not_waited_for(looking):
    looking.began(Exchange(b'QUIT', expects=False))
    assert (looking.noted, looking.under_way) == (1, {})


def test_no_more_are_followed_than_there_is_room_for(looking, monkeypatch):
    monkeypatch.setattr(watched, 'MAX_UNDER_WAY', 2)
    for _ in range(5):
        looking.began(Exchange(b'GET a'))
    assert (looking.noted, len(looking.under_way)) == (5, 2)


def test_it_becomes_again_what_it_was(queue, looking):
    exchange = Exchange(b'GET a')
    looking.began(exchange)
    queue.append(exchange)
    queue.__class__ = Queue
    assert [queue.popleft().name, queue.popleft().name] == ['before', 'GET a']
    assert looking.found == []
