"""Random conversations with memcached in both of its protocols, sliced and damaged at random: the same messages, or none
is followed; no byte changes."""
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpus
from tests.fuzz.damage import damaged
from tests.support.framing import BACKEND, CLIENT, Turn, randomly, replay, same_in_every_slicing, single_bytes
from tests.unit.protocols.memcache.test_memcache import answer, packet
from vaurien.protocols.memcache import Memcache

RECORDED = list(corpus.conversations('memcache').values())
#: a request, its response; empty where there is none, though there could be one if the request is quiet
Step = tuple[bytes, bytes]

keys = st.text('abkO:/09', min_size=1, max_size=8).map(str.encode)
values = st.one_of(st.binary(max_size=40), st.sampled_from([b'END\r\n', b'\r\n', b'', b'x' * 1500, b'\x81\x00\x80']))
refusals = st.sampled_from([b'ERROR\r\n', b'SERVER_ERROR backend failure\r\n', b'CLIENT_ERROR bad command line format\r\n'])


def one_of(*answers: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(st.sampled_from([line + b'\r\n' for line in answers]), refusals)


def stored(verb: bytes, key: bytes, value: bytes, end: bytes) -> bytes:
    unique = b' 77' if verb == b'cas' else b''
    return b'%b %b 0 60 %d%b%b\r\n%b\r\n' % (verb, key, len(value), unique, end, value)


def hits(found: list[tuple[bytes, bytes]]) -> bytes:
    return b''.join(b'VALUE %b 0 %d\r\n%b\r\n' % (key, len(value), value) for key, value in found) + b'END\r\n'


verbs = st.sampled_from([b'set', b'add', b'append', b'cas'])
lines = st.one_of(
    st.tuples(st.builds(stored, verbs, keys, values, st.just(b'')), one_of(b'STORED', b'NOT_STORED', b'EXISTS')),
    st.tuples(st.builds(stored, verbs, keys, values, st.just(b' noreply')), st.just(b'')),
    st.tuples(st.lists(keys, min_size=1, max_size=4).map(lambda some: b'get %b\r\n' % b' '.join(some)),
              st.lists(st.tuples(keys, values), max_size=3).map(hits)),
    st.tuples(keys.map(b'incr %b 1\r\n'.__mod__), one_of(b'7', b'NOT_FOUND')),
    st.tuples(keys.map(b'delete %b noreply\r\n'.__mod__), st.just(b'')),
    st.tuples(st.just(b'stats\r\n'), st.just(b'STAT pid 1\r\nSTAT version x\r\nEND\r\n')),
    st.tuples(keys.map(b'mg %b v\r\n'.__mod__),
              st.one_of(values.map(lambda value: b'VA %d\r\n%b\r\n' % (len(value), value)), one_of(b'EN'))),
    st.tuples(keys.map(b'mg %b v q k\r\nmn\r\n'.__mod__), st.just(b'MN\r\n')),
    st.tuples(st.binary(max_size=3).map(lambda token: b'mg a v q O%b\r\nmg b v q O2%b\r\nmn\r\n' % ((token.hex().encode(),) * 2)),
              st.just(b'MN\r\n')),
)
opaques = st.binary(min_size=4, max_size=4)


@st.composite
def packets(draw: st.DrawFn) -> Step:
    opaque, key, value = draw(opaques), draw(keys), draw(values)
    opcode = draw(st.sampled_from([0x00, 0x01, 0x04, 0x05, 0x0a, 0x0c, 0x10]))
    told = answer(opcode, key=key, value=value or b'1', opaque=opaque, status=draw(st.sampled_from([0, 0, 1, 0x82])))
    quiet = [packet(draw(st.sampled_from([0x09, 0x0d, 0x11, 0x14])), draw(keys), opaque=draw(opaques))
             for _ in range(draw(st.integers(0, 3)))]
    end = answer(opcode, opaque=opaque) if opcode == 0x10 and told[6:8] == b'\0\0' else b''
    return b''.join(quiet) + packet(opcode, key, b'\0' * 8, value, opaque), told + end


def alike(turns: list[Turn], seed: int, longest: int) -> None:
    """Whole or in slices, the same is found and the same is given up."""
    same_in_every_slicing(Memcache, turns, [randomly(seed, longest)])


@settings(max_examples=120)
@given(st.one_of(st.lists(st.lists(lines, min_size=1, max_size=4), max_size=3),
                 st.lists(st.lists(packets(), min_size=1, max_size=4), max_size=3)), st.integers(0, 2**32), st.integers(1, 200))
def test_any_conversation_is_followed_in_any_slicing(batches: list[list[Step]], seed: int, longest: int) -> None:
    turns = [turn for batch in batches for turn in (
        (CLIENT, b''.join(asked for asked, _ in batch)), (BACKEND, b''.join(told for _, told in batch)))]
    told = [told for batch in batches for _, told in batch if told]
    for slicer in (randomly(seed, longest), single_bytes):
        dialogue = replay(Memcache, turns, slicer)
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert [message.data for message in dialogue.messages if message.sender == BACKEND and message.data] == told
        assert not dialogue.protocol.queue


@settings(max_examples=200)
@given(damaged(RECORDED, [b'\r\n', b'\n', b' ', b'-1', b'9', b' q', b' noreply']), st.integers(0, 2**32), st.integers(1, 40))
def test_damaged_conversation_is_followed_alike_or_not_at_all(turns: list[Turn], seed: int, longest: int) -> None:
    alike(turns, seed, longest)


@settings(max_examples=150)
@given(st.lists(st.one_of(lines, packets()), max_size=5), st.permutations(range(5)), st.integers(0, 2**32))
def test_responses_in_any_order_are_followed_alike_or_not_at_all(steps: list[Step], order: list[int], seed: int) -> None:
    told = [steps[n][1] for n in order if n < len(steps)]
    alike([(CLIENT, b''.join(asked for asked, _ in steps)), (BACKEND, b''.join(told))], seed, 20)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([CLIENT, BACKEND]), st.binary(min_size=1, max_size=60)), max_size=4),
       st.integers(0, 2**32))
def test_garbage_is_never_more_than_not_followed(turns: list[Turn], seed: int) -> None:
    alike(turns, seed, 5)
