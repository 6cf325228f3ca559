"""Chains of toxics in front of a stream made of bytes: nothing is lost or moved, whatever is changed and when."""
import errno
import gc
from random import Random

import gevent
import pytest
from gevent import GreenletExit
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.toxic_talk import Talk, pause
from vaurien.toxics.base import QUEUE, Toxic
from vaurien.wire.chain import CHUNK
from vaurien.wire.stage import CHUNK_OVERHEAD

DATA = Random(5).randbytes(200_000)
NEVER = ('bandwidth', {'rate': 0})
LATE = ('latency', {'latency': 5000})


class Holder(Toxic):
    """Takes one chunk and keeps it."""

    name = 'holder'

    def pipe(self, chunks, send):
        for _ in chunks:
            gevent.sleep(1000)


class Raising(Toxic):
    """Raises at the first chunk."""

    name = 'raising'
    error: BaseException = ZeroDivisionError('a bug')

    def pipe(self, chunks, send):
        next(iter(chunks))
        raise self.error


class Leaving(Toxic):
    """Returns after one chunk."""

    name = 'leaving'

    def pipe(self, chunks, send):
        send(next(iter(chunks)))


def stages_alive():
    gc.collect()
    return [found for found in gc.get_objects() if isinstance(found, gevent.Greenlet) and not found.dead]


class Asked(set[str]):
    """Counts what is asked of it."""

    count = 0

    def __contains__(self, name):
        self.count += 1
        return super().__contains__(name)


def test_many_toxics_are_put_one_after_the_other_without_a_look_at_all_of_them():
    talk, asked = Talk(), Asked()
    for number in range(64):
        talk.add(f'{number}', 'noop', before=asked)
        asked.add(f'{number}')
    assert asked.count <= 64
    talk.chain.put(b'all')
    pause()
    assert talk.sink.data == b'all'
    talk.chain.drop()


@pytest.mark.parametrize('toxics', [
    (), ('noop',), ('noop', 'slicer', 'latency'), ('latency', 'bandwidth', 'slicer'), ('slicer', 'bandwidth', 'latency'),
])
def test_bytes_come_through_in_order_and_the_end_behind_them(toxics):
    attributes = {'noop': {}, 'slicer': {'average_size': 1000, 'size_variation': 500}, 'latency': {'latency': 3, 'jitter': 2},
                  'bandwidth': {'rate': 10_000}}
    talk = Talk(*((kind, attributes[kind]) for kind in toxics))
    talk.send(DATA[:1], DATA[1:100_000], DATA[100_000:], end=True)
    assert talk.ends() == DATA
    assert talk.sink.events == ['FIN']
    assert talk.chain.empty


def test_a_chunk_is_no_longer_than_toxiproxys():
    talk = Talk(('noop', {})).send(DATA, end=True)
    assert talk.ends() == DATA
    assert max(len(piece) for piece, _ in talk.sink.pieces) == CHUNK == 32768


def test_an_empty_write_is_no_chunk():
    assert Talk(('limit_data', {'bytes': 0})).send(b'', b'', end=True).ends() == b''


# -- changing while bytes are under way

def test_a_chunk_that_arrives_in_the_moment_of_an_update_is_not_lost():
    talk = Talk(('noop', {}))
    pause()
    talk.send(b'in time')       # the greenlet has been told and has not run
    talk.update('0')
    talk.update('0')
    talk.send(b', too', end=True)
    assert talk.ends() == b'in time, too'


@pytest.mark.parametrize('change', ['update', 'remove'])
def test_what_is_in_hand_goes_out_at_once_and_in_front(change):
    talk = Talk(LATE)
    talk.send(b'one', b'two')
    pause()
    talk.update('0', latency=1) if change == 'update' else talk.remove('0')
    pause(5)
    assert talk.sink.data == b'onetwo'
    talk.send(b'three', end=True)
    assert talk.ends() == b'onetwothree'


def test_only_what_was_not_sent_on_yet_goes_out():
    talk = Talk(('slicer', {'average_size': 2, 'delay': 10_000_000}))
    talk.send(b'abcdefgh')
    pause(2)
    assert talk.sink.data == b'ab'
    talk.remove('0')
    assert talk.sink.data == b'abcdefgh'


def test_removing_the_first_of_two_passes_on_what_it_holds_to_the_second():
    talk = Talk(LATE, NEVER)
    talk.send(DATA, end=True)
    pause(2)
    talk.remove('0')
    pause()
    assert talk.sink.data == b''
    talk.remove('1')
    assert talk.ends() == DATA


def test_a_toxic_is_put_in_its_place_between_others():
    talk = Talk(('latency', {'latency': 3}), ('slicer', {'average_size': 7}))
    talk.send(DATA[:500])
    talk.add('between', 'noop', before=('0',))
    talk.add('first', 'noop', before=())
    assert list(talk.chain._stages) == ['first', '0', 'between', '1']
    talk.send(DATA[500:], end=True)
    assert talk.ends() == DATA


def test_a_toxic_added_behind_the_end_of_the_stream_hears_of_it():
    talk = Talk().send(end=True)
    talk.add('late', 'reset_peer')
    talk.until(lambda: 'reset' in talk.sink.events)


def test_the_end_of_the_stream_reaches_a_toxic_that_joins_while_it_is_under_way():
    talk = Talk(('slow_close', {'delay': 20})).send(b'x', end=True)
    pause(1)
    talk.add('late', 'latency', {'latency': 1})
    talk.add('first', 'noop', before=())
    assert talk.ends() == b'x'


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(['add', 'first', 'remove', 'update', 'send', 'send', 'send', 'wait']),
                          st.integers(0, 2 ** 32)), max_size=40))
def test_no_byte_is_lost_or_moved_by_any_sequence_of_changes(steps):
    kinds = {'noop': {}, 'latency': {'latency': 1, 'jitter': 1}, 'slicer': {'average_size': 3000, 'size_variation': 1000},
             'bandwidth': {'rate': 100_000}, 'slow_close': {'delay': 1}, 'limit_data': {'bytes': 10 ** 9},
             'timeless': {}}
    del kinds['timeless']
    talk, sent, number = Talk(), b'', 0
    for what, value in steps:
        present = list(talk.settings)
        if what in ('add', 'first'):
            kind = sorted(kinds)[value % len(kinds)]
            number += 1
            talk.add(f'{number}', kind, kinds[kind], None if what == 'add' else ())
        elif what == 'remove' and present:
            talk.remove(present[value % len(present)])
        elif what == 'update' and present:
            talk.update(present[value % len(present)])
        elif what == 'send':
            piece = Random(value).randbytes(value % 5000)
            sent += piece
            talk.send(piece)
        else:
            gevent.sleep(value % 3 * 0.0005)
    talk.send(end=True)
    assert talk.ends() == sent


# -- room

def test_a_full_queue_holds_the_sender_back_until_there_is_room():
    talk = Talk(NEVER)
    talk.send(bytes(2 * QUEUE))
    assert talk.chain.full
    called = []
    talk.chain.when_drained(lambda: called.append(gevent.getcurrent() is gevent.get_hub()))
    pause()
    assert called == []
    talk.remove('0')
    pause()
    assert called == [True]     # in the loop: a waiting greenlet can be woken only from there


@pytest.mark.parametrize('way', ['drain', 'stop', 'leave'])
def test_nobody_waits_for_room_that_never_comes(way):
    talk = Talk(('slow_close', {})) if way == 'drain' else Talk()
    if way == 'leave':
        talk.add('0', Leaving)
    elif way == 'stop':
        talk.add('0', 'bandwidth')
    talk.send(bytes(2 * QUEUE))
    called = []
    talk.chain.when_drained(lambda: called.append(1))
    if way == 'stop':
        talk.chain.drop()
    talk.until(lambda: called)


def test_small_chunks_count_for_what_they_cost():
    talk = Talk(NEVER)
    talk.send(*[b'x'] * (QUEUE // CHUNK_OVERHEAD + 1))
    assert talk.chain.full


def test_a_stage_waits_for_room_in_the_next_one():
    talk = Talk(('noop', {}), NEVER)
    talk.send(*[bytes(CHUNK)] * 40)
    pause()
    first, second = talk.chain._stages.values()
    assert second._size < QUEUE + 2 * (CHUNK + CHUNK_OVERHEAD)
    assert first._size > 20 * CHUNK


def test_a_stage_that_never_waits_lets_others_have_their_turn():
    talk = Talk(('slicer', {'average_size': 1}))
    talk.send(bytes(CHUNK))
    turns = 0
    while len(talk.sink.data) < CHUNK:
        gevent.sleep(0)
        turns += 1
    assert turns >= CHUNK // 64


# -- ends

def test_the_caller_of_finish_hears_of_it_when_the_end_has_left():
    talk, heard = Talk(('latency', {'latency': 5})), []
    talk.send(b'x')
    talk.chain.finish(lambda: heard.append(talk.sink.data))
    assert heard == []
    talk.until(lambda: heard)
    assert heard == [b'x']
    talk.chain.finish(lambda: heard.append('again'))
    assert heard == [b'x', 'again']


def test_a_toxic_that_returns_ends_the_stream_and_what_is_in_front_of_it_counts_no_more():
    talk = Talk(LATE)
    talk.add('leaving', Leaving)
    talk.send(b'late')
    talk.chain._stages['leaving'].put(b'last words')
    assert talk.ends() == b'last words'
    assert talk.chain.empty
    talk.remove('0')
    pause()
    assert talk.sink.data == b'last words'


def test_limit_data_behind_a_long_wire_ends_the_session():
    talk, ended = Talk(('latency', {'latency': 10}), ('limit_data', {'bytes': 3})), []
    talk.send(b'abc', b'def')
    assert talk.ends() == b'abc'
    talk.chain.finish(lambda: ended.append(talk.chain.empty))
    assert ended == [True]


@pytest.mark.parametrize('error', [ZeroDivisionError('x'), FileNotFoundError(errno.ENOENT, 'x'), gevent.Timeout(1)],
                         ids=lambda error: type(error).__name__)
def test_a_toxic_that_raises_is_reported_once(error):
    talk = Talk()
    talk.add('it', type('It', (Raising,), {'error': error}))
    talk.send(b'x', b'y', end=True)
    assert talk.ends() == b''
    assert talk.sink.events == ['failed raising', 'FIN']


def test_a_toxic_that_raises_after_its_interruption_is_not_reported():
    class Late(Holder):
        def pipe(self, chunks, send):
            try:
                super().pipe(chunks, send)
            except GreenletExit:
                raise ZeroDivisionError from None
    talk = Talk()
    talk.add('it', Late)
    talk.send(b'x')
    pause()
    talk.remove('it')
    pause()
    assert (talk.sink.data, talk.sink.events) == (b'x', [])


def test_a_broken_connection_is_told_once_and_raises_nowhere():
    talk = Talk(LATE, ('noop', {}))
    talk.send(b'x', b'y')
    pause()
    talk.sink.error = BrokenPipeError(errno.EPIPE, 'gone')
    talk.update('0', latency=0)
    pause()
    talk.remove('0')
    talk.send(b'z', end=True)
    assert talk.ends() == b''
    assert talk.sink.events == ['lost', 'FIN']


@pytest.mark.parametrize('toxics', [(NEVER,), (LATE, NEVER), (('timeout', {}), NEVER), (('noop', {}),)], ids=str)
def test_nothing_is_left_once_it_is_stopped(toxics):
    before = len(stages_alive())
    talk = Talk(*toxics)
    talk.send(DATA, end=True)
    pause(1)
    talk.chain.drop()
    pause()
    assert len(stages_alive()) == before
    assert not talk.chain


def test_a_stage_stopped_by_what_it_sends_does_not_begin_anew():
    talk = Talk()
    talk.add('0', Holder)
    talk.send(b'x')
    pause()
    talk.sink.error = BrokenPipeError(errno.EPIPE, 'gone')
    talk.chain._outlet._lost = lambda error: talk.chain.drop()
    before = len(stages_alive())
    talk.update('0')
    pause()
    assert len(stages_alive()) == before - 1


def test_what_a_timeout_holds_does_not_arrive_when_it_is_removed():
    talk = Talk(('timeout', {}))
    talk.send(b'swallowed')
    talk.remove('0')
    talk.send(b'passes', end=True)
    assert talk.ends() == b'passes'


