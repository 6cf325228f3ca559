"""What each toxic does to bytes and to their time, in front of a stream made of bytes."""
import time
from random import Random

import gevent
import pytest

from tests.support.timing import once_within
from tests.support.toxic_talk import Talk, pause
from tests.support.unit_of_time import MS
from vaurien.options import normalize
from vaurien.toxics import TOXICS
from vaurien.toxics.bandwidth import PIECE
from vaurien.toxics.latency import SPREADS, Latency
from vaurien.toxics.slicer import Slicer

DATA = Random(6).randbytes(60_000)
#: [ms] long against what a busy machine makes of a timer, short against a test
STEP = 40 * MS * 1000


def talk(kind, **attributes):
    return Talk((kind, attributes))


def took(start, sink, piece=0):
    """Return the milliseconds that a piece took."""
    return (sink.pieces[piece][1] - start) * 1000


@pytest.mark.parametrize('name', TOXICS.names())
def test_with_its_defaults_on_a_dribble_each_toxic_does_what_it_says_and_ends(name):
    it = talk(name).send(b'abc', b'', b'def', end=name != 'bandwidth')
    if name == 'bandwidth':     # rate 0
        pause(5)
        assert it.sink.data == b''
        return
    it.until(lambda: {'FIN', 'reset'} & set(it.sink.events))
    nothing = {'timeout', 'limit_data', 'limit_time', 'reset_peer'}
    assert it.sink.data == (b'' if name in nothing else b'abcdef'), 'if it loses bytes with its defaults, name it in nothing'


@pytest.mark.parametrize('name', TOXICS.names())
@pytest.mark.parametrize('value', [-2 ** 63, -1, 2 ** 63 - 1])
def test_no_number_that_is_taken_breaks_a_toxic(name, value):
    whole = [option for option, entry in normalize(TOXICS.get(name).options).items() if fits(entry, value)]
    it = talk(name, **dict.fromkeys(whole, value))
    it.send(DATA[:100], end=True)
    pause(2)
    it.chain.drop()
    assert not [event for event in it.sink.events if event.startswith('failed')]


def fits(option, value):
    try:
        return option.choices is None and option.type is not bool and option.type(value) is not None
    except ValueError:
        return False


# -- latency

def test_latency_holds_each_chunk_so_long_and_its_end_not_at_all():
    def held():
        start = time.monotonic()
        it = talk('latency', latency=int(STEP)).send(b'x', end=True)
        it.ends()
        return took(start, it.sink)
    assert min(once_within(2 * STEP, held)) >= STEP


def test_delays_overlap():
    def held():
        start = time.monotonic()
        it = talk('latency', latency=int(STEP)).send(*[b'x'] * 50, end=True)
        it.ends()
        return took(start, it.sink, -1)
    once_within(4 * STEP, held)


def test_two_latencies_add_up():
    start = time.monotonic()
    it = Talk(('latency', {'latency': int(STEP)}), ('latency', {'latency': int(STEP)})).send(b'x', end=True)
    it.ends()
    assert took(start, it.sink) >= 2 * STEP


def test_a_chunk_held_back_by_the_one_before_is_not_held_again():
    def held():
        it = talk('latency', latency=int(STEP))
        start = time.monotonic()
        it.send(b'x')
        gevent.sleep(STEP / 2000)
        it.send(b'y', end=True)
        it.ends()
        return took(start, it.sink, 1)
    assert min(once_within(2.5 * STEP, held)) >= 1.5 * STEP


class ToxicHandle:
    def __init__(self, seed=3):
        self.random = Random(seed)


@pytest.mark.parametrize('distribution', SPREADS)
def test_jitter_spreads_around_the_latency_and_is_never_negative(distribution):
    latency = Latency({'latency': 100, 'jitter': 30, 'distribution': distribution}, ToxicHandle(), {})
    delays = [latency.delay() * 1000 for _ in range(4000)]
    assert abs(sum(delays) / len(delays) - 100) < 3
    assert min(delays) >= 0
    spread = max(delays) - min(delays)
    assert spread <= 60 if distribution == 'uniform' else spread > 60


def test_jitter_larger_than_the_latency_means_no_wait_and_not_less():
    latency = Latency({'latency': 1, 'jitter': 50, 'distribution': 'uniform'}, ToxicHandle(), {})
    delays = [latency.delay() for _ in range(1000)]
    assert min(delays) == 0
    assert 400 < delays.count(0) < 600


def test_jitter_moves_no_chunk_before_another():
    it = talk('latency', latency=5, jitter=5).send(*(bytes([number]) for number in range(100)), end=True)
    assert it.ends() == bytes(range(100))


# -- bandwidth

def test_bandwidth_lets_no_more_through_than_the_rate():
    start = time.monotonic()
    it = talk('bandwidth', rate=300).send(DATA, end=True)
    it.ends()
    assert took(start, it.sink, -1) >= 200 - PIECE * 1000 - 1
    assert 60_000 / took(start, it.sink, -1) <= 300 * 2
    assert max(len(piece) for piece, _ in it.sink.pieces) <= 30_000


def test_bandwidth_makes_up_for_a_pause_of_a_tenth_of_a_second_at_most():
    it = talk('bandwidth', rate=100)
    gevent.sleep(0.3)       # nothing is sent
    start = time.monotonic()
    it.send(DATA[:30_000], end=True)
    it.ends()
    assert took(start, it.sink, -1) >= 195


def test_a_rate_of_nothing_loses_nothing():
    it = talk('bandwidth', rate=-1).send(DATA, end=True)
    pause(5)
    assert it.sink.data == b''
    it.remove('0')
    assert it.ends() == DATA


def test_a_shared_rate_is_one_budget():
    talks = [talk('bandwidth', rate=300, shared=True) for _ in range(2)]
    talks[1].chain._stages['0'].toxic.shared = talks[0].chain._stages['0'].toxic.shared
    start = time.monotonic()
    for it in talks:
        it.send(DATA[:30_000], end=True)
    last = max(it.ends() and took(start, it.sink, -1) for it in talks)
    assert last >= 195


def test_what_was_booked_at_a_low_rate_is_not_waited_for_at_a_high_one():
    it = talk('bandwidth', rate=1, shared=True).send(DATA[:20_000], end=True)
    pause(1)
    it.chain._stages['0'].toxic.shared['due'] = time.monotonic() + 1000
    it.update('0', rate=100_000)
    assert it.ends() == DATA[:20_000]


# -- ends

def test_slow_close_delays_the_end_and_nothing_else():
    start = time.monotonic()
    it = talk('slow_close', delay=int(STEP)).send(b'x', end=True)
    it.until(lambda: it.sink.data)
    assert it.sink.events == []
    it.ends()
    assert (time.monotonic() - start) * 1000 >= STEP


def test_timeout_swallows_and_closes_after_a_silence():
    it = talk('timeout', timeout=int(STEP))
    start = time.monotonic()
    for _ in range(4):
        it.send(b'x')
        gevent.sleep(STEP / 2000)   # each byte begins the silence anew
    assert it.sink.events == []
    it.until(lambda: 'close' in it.sink.events)
    assert (time.monotonic() - start) * 1000 >= 2.5 * STEP
    assert it.sink.data == b''


def test_timeout_of_nothing_stays_open():
    it = talk('timeout').send(DATA)
    pause(STEP / MS / 1000)
    assert (it.sink.data, it.sink.events) == (b'', [])


def test_a_timeout_that_is_set_later_counts_from_then_without_another_byte():
    it = talk('timeout').send(b'x')
    pause(2)
    it.update('0', timeout=1)
    it.until(lambda: 'close' in it.sink.events)


@pytest.mark.parametrize('end', [False, True])
def test_reset_peer_waits_for_bytes_or_the_end_and_then_for_its_time(end):
    it = talk('reset_peer', timeout=int(STEP))
    pause(5)
    assert it.sink.events == []
    start = time.monotonic()
    it.send(*[] if end else [b'x', b'y'], end=end)
    it.until(lambda: 'reset' in it.sink.events)
    assert (time.monotonic() - start) * 1000 >= STEP
    assert it.sink.data == b''


def test_an_update_of_reset_peer_starts_no_new_wait_and_lets_nothing_slip():
    it = talk('reset_peer', timeout=10_000).send(b'x')
    pause(2)
    it.update('0', timeout=1)
    it.until(lambda: 'reset' in it.sink.events)
    assert it.sink.data == b''


# -- bytes

def test_slicer_cuts_what_was_sent_in_one_and_waits_between():
    it = talk('slicer', average_size=10, size_variation=4, delay=100).send(DATA[:500], end=True)
    assert it.ends() == DATA[:500]
    sizes = [len(piece) for piece, _ in it.sink.pieces[:-1]]
    assert max(sizes) <= 14
    assert len(set(sizes)) > 3
    times = [at for _, at in it.sink.pieces]
    assert min(after - before for before, after in zip(times, times[1:], strict=False)) >= 0.0001


def cuts(length, average, variation, seed=1):
    slicer = Slicer({'average_size': average, 'size_variation': variation, 'delay': 0}, ToxicHandle(seed), {})
    ends = list(slicer._cuts(length))
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize('length, average, sizes', [
    (100, 10, [6, 6, 6, 7] * 4), (100, 100, [100]), (100, 99, [50, 50]), (101, 60, [50, 51]), (11, 10, [5, 6]), (1, 0, [1]),
    (0, 10, []), (7, 2, [1, 2, 2, 2]), (32768, 1000, [512] * 64),
])
def test_slicer_halves_until_no_piece_is_longer(length, average, sizes):
    assert cuts(length, average, 0) == sizes


def test_slicer_moves_each_cut_by_the_variation_at_most_by_the_generator_of_its_session():
    found = [cuts(1000, 100, 20, seed) for seed in range(300)]
    assert found == [cuts(1000, 100, 20, seed) for seed in range(300)]
    assert {sum(sizes) for sizes in found} == {1000}
    assert max(map(max, found)) <= 120
    assert {cuts(200, 100, 20, seed)[0] for seed in range(300)} == set(range(80, 120))     # 120 is not drawn, as in Toxiproxy


@pytest.mark.parametrize('average, variation', [(0, 0), (-5, 10), (1, 100), (3, -3)])
def test_slicer_always_comes_to_an_end(average, variation):
    slicer = Slicer({'average_size': average, 'size_variation': variation, 'delay': 0}, ToxicHandle(), {})
    cuts = list(slicer._cuts(50))
    assert cuts[-1] == 50
    assert cuts == sorted(set(cuts))


def test_limit_data_passes_exactly_so_many_bytes():
    it = talk('limit_data', bytes=7).send(b'12345', b'6789', b'x')
    assert it.ends() == b'1234567'
    assert it.sink.events == ['close', 'FIN']


def test_limit_data_closes_at_the_last_byte_and_does_not_wait_for_one_more():
    assert talk('limit_data', bytes=5).send(b'12345').ends() == b'12345'


def test_limit_data_counts_on_through_an_update():
    it = talk('limit_data', bytes=7).send(b'12345')
    pause()
    it.update('0', bytes=3)
    pause()
    assert it.sink.events == []     # it closes at its next chunk
    assert it.send(b'6').ends() == b'12345'


def test_limit_time_passes_everything_until_then():
    def open_for():
        it = talk('limit_time', time=int(STEP))
        start = time.monotonic()
        it.send(b'x')
        it.until(lambda: it.sink.data == b'x')
        it.update('0')      # does not begin anew
        it.until(lambda: 'close' in it.sink.events)
        return (time.monotonic() - start) * 1000
    assert min(once_within(4 * STEP, open_for)) >= STEP


def test_packet_loss_drops_whole_chunks():
    it = talk('packet_loss', loss_rate=0.3).send(*(bytes([number]) * 3 for number in range(200)), end=True)
    data = it.ends()
    kept = [data[at] for at in range(0, len(data), 3)]
    assert data == b''.join(bytes([number]) * 3 for number in kept)
    assert kept == sorted(kept)
    assert len(kept) == 138     # with this seed


def test_correlated_losses_come_in_rows():
    it = talk('packet_loss', loss_rate=0.1, correlation=0.9)
    it.send(b'x', *[b'y'] * 100, end=True)
    data = it.ends()
    first = len(data)
    assert first < 40   # after the first loss all are lost


@pytest.mark.parametrize('rate, least, most', [(0, 0, 0), (1e-300, 0, 0), (5e-324, 0, 0), (0.01, 520, 680),
                                               (0.5, 29_500, 30_500), (1, 60_000, 60_000)])
def test_corrupt_flips_one_bit_in_so_many_bytes(rate, least, most):
    data = talk('corrupt', rate=rate).send(DATA, end=True).ends()
    flips = [bin(before ^ after).count('1') for before, after in zip(DATA, data, strict=True) if before != after]
    assert least <= len(flips) <= most
    assert set(flips) <= {1}


def test_corrupt_hits_the_same_bytes_however_they_are_cut():
    def spoilt(*sizes):
        cut = [DATA[start:start + size] for size in sizes for start in range(0, len(DATA), size)]
        return talk('corrupt', rate=0.01).send(*cut, end=True).ends()
    assert spoilt(len(DATA)) == spoilt(1000) == spoilt(7)


def test_slow_open_is_a_wait_before_the_backend_and_touches_no_byte():
    cls = TOXICS.get('slow_open')
    assert cls.opening_delay({'delay': 250}) == 0.25
    assert cls.opens
