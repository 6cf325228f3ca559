"""PostgreSQL as generated, mutated and in any order: the same messages in any slicing, or none; no byte ever changes."""
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import conversations
from tests.support import postgres_talk as pg
from tests.support.framing import BACKEND, CLIENT, Dialogue, Slicer, Turn, randomly, replay, single_bytes, whole
from vaurien.protocols.postgres import PostgreSQL
from vaurien.protocols.postgres.failures import KINDS

RECORDED = conversations('postgres')
ASIDES = pg.NOTICE, pg.NEWS, pg.SETTING

slicers = st.one_of(st.just(single_bytes), st.builds(randomly, st.integers(0, 2**32), st.integers(1, 100)))
texts = st.text(st.characters(codec='utf-8', exclude_characters='\0'), max_size=40)
rows = st.lists(st.binary(max_size=30).map(lambda value: pg.message(b'D', b'\0\1' + value)), max_size=4).map(b''.join)
statuses = st.sampled_from((pg.IDLE, pg.IN_BLOCK, pg.FAILED))


class Scene(NamedTuple):
    """A part of a conversation that both sides have ended at its end.

    Attributes:
        turns: What is said; the client says the first, and may go on before it has been answered where there are two.
        answered: The names of what is answered, in order.
    """

    turns: list[Turn]
    answered: list[str]


@st.composite
def asides(draw: Any, *messages: bytes) -> bytes:
    """Messages of the server with some in between that it sends of its own accord."""
    return b''.join(message + b''.join(draw(st.lists(st.sampled_from(ASIDES), max_size=1))) for message in messages)


@st.composite
def simple(draw: Any) -> Scene:
    """A Query with results, errors or nothing."""
    text = draw(texts)
    results = draw(st.lists(st.sampled_from((pg.COLUMNS + draw(rows), pg.complete(), pg.error(), pg.NOTHING_ASKED)), max_size=3))
    return Scene([(CLIENT, pg.query(text)), (BACKEND, draw(asides(*results, draw(statuses))))], [text])


@st.composite
def grouped(draw: Any) -> Scene:
    """A group of the extended protocol, of which one message may fail."""
    steps = []
    for text in draw(st.lists(texts, max_size=3)):
        steps += [('Parse', pg.parse(text), [pg.PARSED]), ('Bind', pg.bind(values=draw(st.binary(max_size=9))), [pg.BOUND])]
        if draw(st.booleans()):
            steps.append(('Describe', pg.describe(), [draw(st.sampled_from((pg.COLUMNS, pg.NO_DATA)))]))
        steps.append((text or 'Execute', pg.execute(), [draw(rows), draw(st.sampled_from((pg.complete(), pg.SUSPENDED)))]))
    failed = draw(st.integers(0, 2 * len(steps)))
    answers = [message for _, _, said in steps[:failed] for message in said]
    if failed < len(steps):
        answers.append(pg.error())
    asked = b''.join(asked for _, asked, _ in steps) + pg.SYNC
    return Scene([(CLIENT, asked), (BACKEND, draw(asides(*answers, draw(statuses))))], [*(name for name, _, _ in steps), 'Sync'])


@st.composite
def copied(draw: Any) -> Scene:
    """COPY FROM STDIN in either protocol."""
    outcome = draw(st.sampled_from((pg.complete('COPY 1'), pg.error())))
    lines = b''.join(pg.data(text) for text in draw(st.lists(texts, max_size=3))) + pg.COPY_DONE
    ready = draw(statuses)
    if draw(st.booleans()):
        return Scene([(CLIENT, pg.query('copy')), (BACKEND, draw(asides(pg.COPY_IN))), (CLIENT, lines),
                      (BACKEND, draw(asides(outcome, ready)))], ['copy'])
    asked = pg.parse('copy') + pg.bind() + pg.execute() + pg.SYNC
    return Scene([(CLIENT, asked), (BACKEND, draw(asides(pg.PARSED, pg.BOUND, pg.COPY_IN))), (CLIENT, lines + pg.SYNC),
                  (BACKEND, draw(asides(outcome, ready)))], ['Parse', 'Bind', 'copy', 'Sync', 'Sync'])


@st.composite
def played(draw: Any) -> tuple[list[Turn], list[str]]:
    """Scenes after a login; the client may go on before it has been answered."""
    turns, answered, late = list(pg.LOGIN), ['startup user=ann database=shop'], b''
    for scene in draw(st.lists(st.one_of(simple(), grouped(), copied()), max_size=5)):
        answered += scene.answered
        if len(scene.turns) == 2 and draw(st.booleans()):
            turns.append(scene.turns[0])
            late += scene.turns[1][1]
        else:
            turns += [scene.turns[0], (BACKEND, late + scene.turns[1][1]), *scene.turns[2:]]
            late = b''
    return [*turns, (BACKEND, late)], answered


def named(dialogue: Dialogue) -> list[str]:
    return [message.name for message in dialogue.messages if message.sender == BACKEND and message.name is not None]


@settings(max_examples=150)
@given(played(), slicers)
def test_generated_conversations_are_followed_in_any_slicing(generated: tuple[list[Turn], list[str]], slicer: Slicer):
    turns, answered = generated
    expected, found = replay(PostgreSQL, turns), replay(PostgreSQL, turns, slicer)
    assert named(expected) == answered
    assert found.messages == expected.messages
    for dialogue in (expected, found):
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
        assert not dialogue.protocol.queue
        assert not dialogue.protocol.skipping


@st.composite
def mutated(draw: Any) -> tuple[list[Turn], int]:
    """A recorded conversation with a few bytes changed, lost or added in one turn, and the number of that turn."""
    turns = list(RECORDED[draw(st.sampled_from(sorted(RECORDED)))])
    number = draw(st.integers(0, len(turns) - 1))
    sender, data = turns[number]
    at = draw(st.integers(0, len(data)))
    turns[number] = sender, data[:at] + draw(st.binary(max_size=6)) + data[at + draw(st.integers(0, 6)):]
    return turns, number


@settings(max_examples=150)
@given(mutated(), slicers)
def test_mutated_conversations_keep_their_bytes_and_what_came_before(mutation: tuple[list[Turn], int], slicer: Slicer):
    turns, number = mutation
    before = replay(PostgreSQL, turns[:number]).messages
    assert replay(PostgreSQL, turns).messages[:len(before)] == before
    assert replay(PostgreSQL, turns, slicer).messages[:len(before)] == before


ASKED = (
    pg.query('select 1'), pg.query('begin; delete from t'), pg.query('commit'), pg.parse('insert into t', 's'), pg.bind('s', 'p'),
    pg.describe('p'), pg.execute('p'), pg.close('s'), pg.SYNC, pg.FLUSH, pg.call(7), pg.data('x'), pg.COPY_DONE,
    pg.message(b'f'), pg.message(b'p', b'secret'), pg.TERMINATE, pg.message(b'?'), b'Q')
ANSWERED = (
    *ASIDES, pg.COLUMNS, pg.ROW, pg.complete(), pg.error(), pg.IDLE, pg.IN_BLOCK, pg.FAILED, pg.PARSED, pg.BOUND, pg.CLOSED,
    pg.NO_DATA, pg.PARAMETERS, pg.NOTHING_ASKED, pg.SUSPENDED, pg.COPY_IN, pg.COPY_OUT, pg.COPY_BOTH, pg.message(b'R'), b'Z')
turns_at_random = st.lists(st.one_of(st.tuples(st.just(CLIENT), st.sampled_from(ASKED)),
                                     st.tuples(st.just(BACKEND), st.sampled_from(ANSWERED))), max_size=40)


@settings(max_examples=150)
@given(st.sampled_from(([], pg.LOGIN[:1], pg.LOGIN, [(CLIENT, pg.SSL)])), turns_at_random, slicers)
def test_messages_in_any_order_keep_their_bytes(before: list[Turn], turns: list[Turn], slicer: Slicer):
    for cut in (whole, slicer):
        replay(PostgreSQL, [*before, *turns], cut)


@settings(max_examples=150)
@given(turns_at_random, st.data())
def test_failures_in_any_state_are_built_and_followed(turns: list[Turn], data: st.DataObject):
    dialogue = replay(PostgreSQL, pg.LOGIN)
    protocol = dialogue.protocol
    for sender, said in turns:
        known = len(dialogue.exchanges)
        dialogue.feed(sender, said)
        for exchange in dialogue.exchanges[known:]:
            kinds = [kind for kind in KINDS if protocol.fits(kind, exchange)]
            if kinds and data.draw(st.booleans()):
                kind = KINDS[data.draw(st.sampled_from(kinds))]
                exchange.failure = kind.build(protocol, exchange)
                # what is only named is the backend's own answer, which gets lost in whole or in part
                assert exchange.failure.reply == b'' if kind.only_named else pg.fields(exchange.failure.reply)['C']
