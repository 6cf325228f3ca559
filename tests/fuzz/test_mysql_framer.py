"""Random conversations in MySQL, sliced and damaged at random: the same messages, or none is followed; no byte changes."""
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import conversations
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, randomly, replay, single_bytes, whole
from tests.support.mysql_talk import (
    CACHED,
    COLUMN,
    COMMON,
    DEPRECATE_EOF,
    EOF,
    ERR,
    MORE,
    OF_MARIADB,
    OK,
    OK_AT_END,
    ask,
    execute,
    opened,
    packet,
    packets,
    prepared,
    query,
    status,
)
from vaurien.protocols.mysql import MySQL

RECORDED = conversations('mysql')


class Session(NamedTuple):
    """What the peers have agreed on."""

    deprecated: bool
    cached: bool

    def turns(self) -> list[Turn]:
        of = dict(OF_MARIADB) if self.cached else {'capabilities': COMMON}
        assert bool(of['capabilities'] & CACHED) == self.cached     # type: ignore[operator]
        return opened(**{**of, 'capabilities': of['capabilities'] | DEPRECATE_EOF * self.deprecated})    # type: ignore


class Step(NamedTuple):
    """What the client sends in one go, what it gets, and the names of the requests that are answered."""

    turns: list[Turn]
    names: list[str]


texts = st.text('abcXYZ019 *`/-(?', min_size=1, max_size=40)
values = st.one_of(st.none(), st.binary(max_size=30), st.sampled_from([b'\xfe' * 300, EOF, packet(1, EOF), ERR]))


def lenenc(value: bytes | None) -> bytes:
    if value is None:
        return b'\xfb'
    return (bytes([len(value)]) if len(value) < 251 else b'\xfc' + len(value).to_bytes(2, 'little')) + value


@st.composite
def results(draw: st.DrawFn, session: Session, more: bool, binary: bool = False) -> list[bytes]:
    """The packets of one result, which says whether there are more."""
    flags = MORE if more else 0
    kind = draw(st.integers(0, 5))
    if kind == 0 and not more:
        return [ERR]
    if kind <= 1:
        return [status(OK, flags) + draw(st.binary(max_size=20))]
    columns = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(values, min_size=columns, max_size=columns), max_size=5))
    defined = not (session.cached and draw(st.booleans()))
    return [bytes([columns]) + bytes([defined]) * session.cached, *[COLUMN] * columns * defined,
            *[EOF] * (not session.deprecated), *(b'\0' * binary + b''.join(map(lenenc, row)) for row in rows),
            status(OK_AT_END if session.deprecated else EOF, flags) if kind < 5 or more else ERR]


@st.composite
def chains(draw: st.DrawFn, session: Session, binary: bool = False) -> bytes:
    """A whole response."""
    count = draw(st.integers(1, 3))
    return packets(*(part for left in range(count - 1, -1, -1) for part in draw(results(session, left > 0, binary))))


@st.composite
def pipelines(draw: st.DrawFn, session: Session) -> Step:
    """Commands that are sent together, some of which have no response."""
    sent, got, names = b'', b'', []
    for kind in draw(st.lists(st.integers(0, 4), min_size=1, max_size=5)):
        if kind < 3:
            text = draw(texts)
            name, request, answer = text, query(text.encode()), draw(chains(session))
        elif kind == 3:
            name, request, answer = 'COM_STATISTICS', ask(9), packet(1, draw(texts).encode())
        else:
            name, request, answer = '', ask(0x19, draw(st.binary(min_size=4, max_size=4))), b''
        sent, got, names = sent + request, got + answer, names + [name] * bool(answer)
    return Step([(CLIENT, sent), (BACKEND, got)], names)


@st.composite
def statements(draw: st.DrawFn, session: Session) -> Step:
    """A statement is prepared, executed some times, and closed."""
    number, params, columns = draw(st.integers(0, 2**32 - 2)), draw(st.integers(0, 9)), draw(st.integers(0, 3))
    text, found = draw(texts), 12
    between = [EOF] * (not session.deprecated)
    head = prepared(number, columns, params)[:found]
    turns: list[Turn] = [(CLIENT, ask(0x16, text.encode())), (BACKEND, packets(
        head, *[COLUMN] * params, *between * (params > 0), *[COLUMN] * columns, *between * (columns > 0)))]
    runs = draw(st.integers(0, 3))
    for _ in range(runs):
        if draw(st.booleans()):
            turns.append((CLIENT, ask(0x18, number.to_bytes(4, 'little') + b'\0\0' + draw(st.binary(max_size=9)))))
        turns += [(CLIENT, execute(number, bytes((params + 7) // 8) + b'\x01' + b'\xfd\0' * params if params else b'')),
                  (BACKEND, draw(chains(session, binary=True)))]
    turns.append((CLIENT, ask(0x19, number.to_bytes(4, 'little'))))
    return Step(turns, [f'COM_STMT_PREPARE {text}', *[text] * runs])


@st.composite
def files(draw: st.DrawFn, session: Session) -> Step:
    """The server asks for a file."""
    pieces = draw(st.lists(st.binary(min_size=1, max_size=50), max_size=4))
    sent = b''.join(packet(2 + at, piece) for at, piece in enumerate([*pieces, b'']))
    return Step([(CLIENT, query(b'LOAD')), (BACKEND, packet(1, b'\xfba.csv')), (CLIENT, sent),
                 (BACKEND, packet(3 + len(pieces), OK))], ['LOAD'])


sessions = st.builds(Session, st.booleans(), st.booleans())
talks = sessions.flatmap(lambda session: st.tuples(
    st.just(session), st.lists(st.one_of(pipelines(session), statements(session), files(session)), max_size=5)))


def named(dialogue: Dialogue, sender: str) -> list[str | None]:
    return [message.name for message in dialogue.messages if message.sender == sender and message.name is not None]


@settings(max_examples=150)
@given(talks, st.integers(0, 2**32))
def test_every_request_and_its_response_are_found_in_any_slicing(talk: tuple[Session, list[Step]], seed: int) -> None:
    session, steps = talk
    turns = session.turns() + [turn for step in steps for turn in step.turns]
    dialogues = [replay(MySQL, turns, slicer) for slicer in (whole, single_bytes, randomly(seed))]

    for dialogue in dialogues:
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert named(dialogue, BACKEND) == ['login ann'] + [name for step in steps for name in step.names]
        assert [name for name in named(dialogue, CLIENT) if 'COM_STMT_' not in str(name)] == \
            [name for name in named(dialogue, BACKEND) if 'COM_STMT_' not in str(name)]
        assert dialogue.messages == dialogues[0].messages
        assert not dialogue.protocol.queue


def wounded(data: bytes, at: int, size: int, junk: bytes) -> bytes:
    """Put junk in the place of so many bytes."""
    at %= len(data) + 1
    return data[:at] + junk + data[at + size:]


#: (turn, byte in it, bytes that are lost there, what stands there now)
wounds = st.tuples(st.integers(0, 99), st.integers(0, 2**32), st.integers(0, 5), st.binary(max_size=5))


@settings(max_examples=200)
@given(st.sampled_from(sorted(RECORDED)), st.integers(0, 2**32), st.lists(wounds, min_size=1, max_size=3))
def test_damaged_conversation_is_read_alike_in_any_slicing(
        name: str, seed: int, hits: list[tuple[int, int, int, bytes]]) -> None:
    turns = list(RECORDED[name])
    for turn, *hit in hits:
        sender, data = turns[turn % len(turns)]
        turns[turn % len(turns)] = sender, wounded(data, *hit)      # type: ignore[arg-type]

    read_alike(turns, seed)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([CLIENT, BACKEND]), st.one_of(
    st.binary(max_size=60), st.builds(packet, st.integers(0, 3), st.binary(max_size=30)))), max_size=8),
    st.booleans(), st.integers(0, 2**32))
def test_noise_is_read_alike_in_any_slicing(noise: list[Turn], begun: bool, seed: int) -> None:
    read_alike((opened() if begun else []) + noise, seed)


def read_alike(turns: list[Turn], seed: int) -> None:
    """Replay in several slicings; that no byte changes is seen by ``replay`` itself."""
    turns = [turn for turn in turns if turn[1]]
    expected = replay(MySQL, turns)
    for slicer in (single_bytes, randomly(seed)):
        found = replay(MySQL, turns, slicer)
        assert found.messages == expected.messages
        assert found.tail == expected.tail
        assert all(bool(found.opaque[sender]) == bool(expected.opaque[sender]) for sender in (CLIENT, BACKEND))
