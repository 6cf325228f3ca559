"""Toxics that only say when what leaves, at work without a greenlet: what was so with one is so without."""
import time
from math import inf
from random import Random

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.toxic_talk import Talk, pause
from tests.support.unit_of_time import MS
from vaurien.alarm import Alarm, alarm
from vaurien.toxics import TOXICS
from vaurien.toxics.base import Timed
from vaurien.wire.piped import Piped
from vaurien.wire.stage import SENDS_A_TURN
from vaurien.wire.timed import TimedStage

DATA = Random(8).randbytes(40_000)
TIMED = [name for name in TOXICS.names() if issubclass(TOXICS.get(name), Timed)]


@pytest.fixture(autouse=True)
def own_alarm(monkeypatch):
    """An alarm that nothing waits for which other tests have left."""
    monkeypatch.setattr(gevent.get_hub(), 'vaurien_alarm', Alarm(gevent.get_hub()), raising=False)


class At(Timed):
    """Holds each chunk until a moment, in pieces of one byte."""

    name = 'at'
    moments: tuple[float, ...] = ()
    error: BaseException | None = None

    def pieces(self, chunk):
        if self.error is not None:
            raise self.error
        yield from zip(self.moments or [0.0] * len(chunk.data), (chunk.data[at:at + 1] for at in range(len(chunk.data))),
                       strict=False)


def talk(*moments, **attributes):
    found = Talk()
    found.add('at', type('Told', (At,), {'moments': moments, **attributes}))
    return found


class Slow:
    """A socket that takes nothing until it is told to."""

    def __init__(self, it):
        self.backlog, self._waiting, self._write, it.sink.after_written = None, [], it.sink.write_soon, self.after_written
        it.sink.write_soon = self.write_soon
        self._sink = it.sink

    def write_soon(self, data):
        self._write(data)
        self._sink.backlog = [data]

    def after_written(self, callback):
        self._waiting.append(callback) if self._sink.backlog else callback()

    def take(self):
        self._sink.backlog = None
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()


def test_the_delays_of_the_wire_need_no_greenlet():
    assert TIMED == ['bandwidth', 'latency', 'slicer']
    for name in TIMED:
        found = Talk((name, {}))
        assert type(found.chain._stages['0']) is TimedStage
        found.chain.drop()


def test_one_that_is_derived_and_waits_itself_has_its_greenlet():
    class Own(TOXICS.get('latency')):
        name = 'own'

        def pipe(self, chunks, send):
            for chunk in chunks:
                send(chunk.data.upper())
    found = Talk()
    found.add('own', Own)
    assert type(found.chain._stages['own']) is Piped
    assert found.send(b'abc', end=True).ends() == b'ABC'


SETTINGS = {'latency': {'latency': 1, 'jitter': 2, 'distribution': 'pareto'},
            'slicer': {'average_size': 700, 'size_variation': 300, 'delay': 30}, 'bandwidth': {'rate': 20_000}}


@pytest.mark.parametrize('name', TIMED)
def test_with_a_greenlet_or_without_the_same_numbers_are_drawn_and_the_same_pieces_leave(name):
    cls = TOXICS.get(name)
    with_greenlet = type('Waits', (cls,), {'pipe': lambda self, chunks, send: Timed.pipe(self, chunks, send)})
    seen = []
    for kind in (cls, with_greenlet):
        found = Talk()
        toxic = found.add('it', kind, SETTINGS[name])
        found.send(*(DATA[at:at + 5000] for at in range(0, len(DATA), 5000)), end=True)
        assert found.ends() == DATA
        seen.append(([piece for piece, _ in found.sink.pieces], toxic.link.random.random()))
    assert seen[0] == seen[1]


def test_nothing_of_a_toxic_runs_within_the_senders_call():
    called = []
    found = talk(pieces=lambda self, chunk: called.append(gevent.getcurrent() is gevent.get_hub()) or [(0.0, chunk.data)])
    found.send(b'x')
    assert called == []
    pause()
    assert (called, found.sink.data) == ([True], b'x')


def test_a_chunk_waits_in_hand_and_only_what_is_in_the_queue_counts_there():
    found = talk(inf)
    found.send(b'a', b'b')
    pause()
    stage = found.chain._stages['at']
    assert (len(stage._queue), stage.empty, found.chain.under_way) == (1, False, 2)
    found.chain.drop()


def test_a_socket_that_takes_nothing_holds_the_stage_and_the_sender():
    found = Talk(('latency', {}))
    slow, stage = Slow(found), found.chain._stages['0']
    size = type(stage.toxic).queue // 20
    found.send(*[bytes(size)] * 25)
    pause(2)
    assert len(found.sink.data) <= 32 * 1024
    assert found.chain.full
    called = []
    found.chain.when_drained(lambda: called.append(1))
    while len(found.sink.data) < 25 * size:
        slow.take()
        pause()
    assert called == [1]


@pytest.mark.parametrize('change', ['update', 'remove', 'drop'])
def test_what_waits_for_the_socket_is_changed_too(change):
    found = Talk(('latency', {}))
    slow = Slow(found)
    found.send(b'one', b'two')
    pause()
    assert found.sink.data == b'one'
    if change == 'drop':
        found.chain.drop()
    elif change == 'remove':
        found.remove('0')
    else:
        found.update('0', latency=0)
    slow.take()
    pause()
    assert found.sink.data == (b'one' if change == 'drop' else b'onetwo')


def test_one_that_never_waits_lets_others_have_their_turn():
    found = talk()
    found.send(bytes(1000))
    seen = [0]
    while seen[-1] < 1000:
        gevent.sleep(0)
        seen.append(len(found.sink.data))
    assert max(after - before for before, after in zip(seen, seen[1:], strict=False)) <= 2 * SENDS_A_TURN


def test_a_wait_that_is_longer_than_it_may_be_is_the_toxics_and_not_the_alarms():
    """A moment far in the past is due at once, and does not move what others wait for."""
    start = time.monotonic()
    found = talk(-inf, start + 3 * MS)
    found.send(b'ab', end=True)
    found.ends()
    first, second = (at for _, at in found.sink.pieces)
    assert first < second
    assert second >= start + 3 * MS


@pytest.mark.parametrize('error', [ZeroDivisionError('x'), gevent.Timeout(1)], ids=lambda error: type(error).__name__)
def test_one_that_raises_is_reported_once_and_the_stream_ends(error):
    found = talk(error=error)
    found.send(b'x', b'y', end=True)
    assert found.ends() == b''
    assert found.sink.events == ['failed at', 'FIN']


@pytest.mark.parametrize('moments', [(0.0, inf), (inf,)], ids=['partly sent', 'not sent'])
@pytest.mark.parametrize('change', ['update', 'remove'])
def test_the_rest_of_a_chunk_goes_out_at_once_when_it_changes(moments, change):
    found = talk(*moments)
    found.send(b'ab')
    pause()
    before = len(alarm())
    found.update('at') if change == 'update' else found.remove('at')
    pause()
    assert found.sink.data == b'ab'
    assert len(alarm()) == before - 1


def test_the_end_comes_after_a_wait_that_follows_the_last_piece():
    found = Talk(('slicer', {'average_size': 1, 'delay': 10_000_000}))
    found.send(b'a', end=True)
    pause(2)
    assert (found.sink.data, found.sink.events) == (b'a', [])
    found.update('0', delay=0)
    found.ends()


def test_what_is_dropped_waits_no_more():
    before = len(alarm())
    found = [Talk(('latency', {'latency': 10 ** 6})).send(b'x') for _ in range(20)]
    pause()
    assert len(alarm()) == before + 20
    for each in found:
        each.chain.drop()
    assert len(alarm()) == before


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(['send', 'send', 'update', 'take', 'take', 'wait']), st.integers(0, 2 ** 32)),
                max_size=40))
def test_no_byte_is_lost_or_moved_while_a_slow_socket_and_changes_come_together(steps):
    found = Talk(('slicer', {'average_size': 500, 'size_variation': 100, 'delay': 10}), ('latency', {'latency': 1, 'jitter': 1}),
                 ('bandwidth', {'rate': 1_000_000}))
    slow, sent = Slow(found), b''
    for what, value in steps:
        if what == 'send':
            piece = Random(value).randbytes(value % 5000)
            sent += piece
            found.send(piece)
        elif what == 'update':
            found.update(f'{value % 3}')
        elif what == 'take':
            slow.take()
            pause()
        else:
            gevent.sleep(value % 3 * 0.0005)
    found.send(end=True)
    while 'FIN' not in found.sink.events:
        slow.take()
        gevent.sleep(0.0001)
    assert found.sink.data == sent
