"""Random conversations in Redis, sliced and damaged at random: the same messages, or none is followed; no byte changes."""
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpus
from tests.fuzz.damage import damaged
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, randomly, replay, same_in_every_slicing, single_bytes
from vaurien.protocols.redis import Redis

RECORDED = list(corpus.conversations('redis').values())
CRLF = b'\r\n'

words = st.one_of(st.binary(max_size=30), st.sampled_from([
    b'', b'a', b'\r\n$3\r\n', b'x' * 1200, b'reply', b'off', b'on', b'skip', b'3', b'debug', b'ACK']))
verbs = st.sampled_from([
    b'GET', b'get', b'SET', b'DEL', b'PING', b'MGET', b'Eval', b'INCR', b'NO.SUCH', b'WATCH', b'AUTH', b'SELECT', b'CLUSTER'])
#: any verb that changes what follows
turning = st.sampled_from([
    b'MULTI', b'EXEC', b'DISCARD', b'RESET', b'CLIENT', b'HELLO', b'SUBSCRIBE', b'UNSUBSCRIBE', b'psubscribe', b'MONITOR',
    b'PSYNC', b'SCRIPT', b'QUIT', b'REPLCONF'])
lines = st.builds(lambda mark, text: mark + text + CRLF, st.sampled_from([b'+', b'-', b':', b',', b'#', b'(', b'_']),
                  st.text('abc019 .-\t$*', max_size=20).map(str.encode))
texts = st.builds(lambda mark, data: b'%b%d\r\n%b\r\n' % (mark, len(data), data), st.sampled_from([b'$', b'=', b'!']),
                  st.binary(max_size=40))
pieces = st.lists(st.binary(min_size=1, max_size=9), max_size=3).map(
    lambda parts: b'$?\r\n' + b''.join(b';%d\r\n%b\r\n' % (len(part), part) for part in parts) + b';0\r\n')


def _nested(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    some, mark = st.lists(inner, max_size=4), st.sampled_from([b'*', b'~'])
    maps = st.lists(st.tuples(inner, inner), max_size=3)
    return st.one_of(
        st.builds(lambda kind, all_: b'%b%d\r\n%b' % (kind, len(all_), b''.join(all_)), mark, some),
        st.builds(lambda all_: b'*?\r\n' + b''.join(all_) + b'.\r\n', some),
        maps.map(lambda both: b'%%%d\r\n%b' % (len(both), b''.join(a + b for a, b in both))),
        st.builds(lambda both, after: b'|%d\r\n%b%b' % (len(both), b''.join(a + b for a, b in both), after), maps, inner))


replies = st.recursive(st.one_of(lines, texts, pieces, st.sampled_from([b'$-1\r\n', b'*-1\r\n'])), _nested, max_leaves=12)
pushes = st.one_of(
    st.lists(replies, max_size=3).map(lambda rest: b'>%d\r\n$10\r\ninvalidate\r\n%b' % (len(rest) + 1, b''.join(rest))),
    st.binary(max_size=40).map(lambda data: b'>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$%d\r\n%b\r\n' % (len(data), data)))


def command(verb: bytes, rest: list[bytes]) -> bytes:
    data = [verb, *rest]
    return b'*%d\r\n' % len(data) + b''.join(b'$%d\r\n%b\r\n' % (len(word), word) for word in data)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Turn], list[bytes], list[bytes]]:
    """Turns of pipelines, and the messages of both sides."""
    turns: list[Turn] = []
    asked: list[bytes] = []
    answered: list[bytes] = []
    for _ in range(draw(st.integers(1, 4))):
        batch = [command(draw(verbs), draw(st.lists(words, max_size=4))) for _ in range(draw(st.integers(1, 5)))]
        said = [part for _ in batch for part in draw(st.tuples(st.lists(pushes, max_size=1), replies.map(lambda one: [one])))]
        asked += batch
        answered += [one for part in said for one in part]
        turns += [(CLIENT, b''.join(batch)), (BACKEND, b''.join(b''.join(part) for part in said))]
    return turns, asked, answered


def said(dialogue: Dialogue, sender: str) -> list[bytes]:
    return [message.data for message in dialogue.messages if message.sender == sender]


@settings(max_examples=60)
@given(conversations(), st.integers(0, 2**32), st.integers(1, 200))
def test_any_conversation_is_followed_in_any_slicing(
        conversation: tuple[list[Turn], list[bytes], list[bytes]], seed: int, longest: int) -> None:
    turns, asked, answered = conversation
    for slicer in (randomly(seed, longest), single_bytes):
        dialogue = replay(Redis, turns, slicer)
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert said(dialogue, CLIENT) == asked
        assert said(dialogue, BACKEND) == answered
        assert not dialogue.protocol.queue


def alike(turns: list[Turn], seed: int, longest: int) -> None:
    """Whole or in slices, the same is found and the same is given up."""
    same_in_every_slicing(Redis, turns, [randomly(seed, longest)])


@settings(max_examples=150)
@given(st.lists(st.tuples(st.one_of(verbs, turning), st.lists(words, max_size=3)), min_size=1, max_size=6),
       st.lists(st.one_of(replies, pushes), max_size=6), st.integers(0, 2**32), st.integers(1, 40))
def test_state_is_the_same_in_any_slicing(
        requests: list[tuple[bytes, list[bytes]]], answers: list[bytes], seed: int, longest: int) -> None:
    alike([(CLIENT, b''.join(command(*request) for request in requests)), (BACKEND, b''.join(answers))], seed, longest)


@settings(max_examples=200)
@given(damaged(RECORDED, [CRLF, b'$', b'*2\r\n', b'-1', b'99', b'>', b'|1\r\n']), st.integers(0, 2**32), st.integers(1, 40))
def test_damaged_conversation_is_followed_alike_or_not_at_all(turns: list[Turn], seed: int, longest: int) -> None:
    alike(turns, seed, longest)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([CLIENT, BACKEND]), st.binary(min_size=1, max_size=60)), max_size=4),
       st.integers(0, 2**32))
def test_garbage_is_never_more_than_not_followed(turns: list[Turn], seed: int) -> None:
    alike(turns, seed, 5)
