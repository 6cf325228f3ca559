"""What is sent in the background: in batches, in order, and bounded whatever the collector does."""
import threading

import pytest

from tests.support.hosting import eventually
from tests.support.unit_of_time import MS
from vaurien.outputs.traces.sender import FULL, MAX_BATCH, MAX_WAITING, Sender


class Sending:
    """Takes what a sender sends, as long as it may go on.

    Attributes:
        batches: What has come.
        told: How often it was told that something is lost.
    """

    def __init__(self):
        self.batches, self.told, self.fails = [], 0, ''
        self.goes_on, self.asked = threading.Event(), threading.Event()
        self.goes_on.set()

    def send(self, batch):
        self.asked.set()
        self.goes_on.wait()
        self.batches.append(list(batch))
        return (0, len(batch), self.fails) if self.fails else (len(batch), 0, '')

    def tell(self):
        self.told += 1


@pytest.fixture
def sending():
    made = Sending()
    yield made
    made.goes_on.set()


def ended(sender):
    sender.end()
    eventually(lambda: sender.ended, 'the end of the thread')
    return sender.counts


def test_all_is_sent_in_its_order_and_in_batches(sending):
    sender = Sender(sending.send, sending.tell, 60.0)
    for number in range(3 * MAX_BATCH + 5):
        sender.take(number)
    counts = ended(sender)
    assert [number for batch in sending.batches for number in batch] == list(range(3 * MAX_BATCH + 5))
    assert max(map(len, sending.batches)) <= MAX_BATCH
    assert (counts.sent, counts.lost, sending.told) == (3 * MAX_BATCH + 5, 0, 0)


def test_one_alone_waits_for_others_no_longer_than_it_is_told(sending):
    sender = Sender(sending.send, sending.tell, 10 * MS)
    sender.take('one')
    eventually(lambda: sending.batches == [['one']])
    ended(sender)


def test_what_waits_is_bounded(sending):
    sending.goes_on.clear()
    sender = Sender(sending.send, sending.tell, 0.0)
    sender.take('first')
    assert sending.asked.wait()
    for number in range(MAX_WAITING + 1_000):
        sender.take(number)
    assert (sender.counts.lost, sender.counts.error, sending.told) == (1_000, FULL, 1)
    assert sender.leave() == 1_000 + MAX_WAITING + 1     # those that wait, and the one under way
    sending.goes_on.set()
    counts = ended(sender)
    assert (counts.sent, counts.lost) == (MAX_WAITING + 1, 1_000)


def test_what_is_not_taken_is_counted_and_told_once(sending):
    sending.fails = 'refused'
    sender = Sender(sending.send, sending.tell, 0.0)
    for number in range(3):
        sender.take(number)
        eventually(lambda number=number: sender.counts.lost == number + 1)
    assert (sender.failing, sender.counts.error, sending.told) == (True, 'refused', 1)
    sending.fails = ''
    sender.take('again')
    assert ended(sender).sent == 1
    assert not sender.failing
