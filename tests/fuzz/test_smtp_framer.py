"""Random conversations in SMTP, sliced and damaged at random: the same messages, or none is followed; no byte changes."""
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Slicer, Turn, randomly, replay, single_bytes, whole
from vaurien.protocols.smtp import SMTP

#: a step of a conversation: what the client sends, what the backend replies, the names of the requests
Step = tuple[bytes, bytes, list[str]]
GREETING: Turn = (BACKEND, b'220 mx\r\n')

words = st.text('abcXYZ019 .:<>@', max_size=12)
replies = st.sampled_from([
    b'250 ok\r\n', b'250-a\r\n250-b c\r\n250 d\r\n', b'550 5.1.1 no\r\n', b'250\r\n', b'503 not now\r\n'])
commands = st.builds('{} {}'.format, st.sampled_from(['EHLO', 'MAIL', 'rcpt', 'NOOP', 'RSET', 'VRFY', 'X']), words)
#: content of whole lines, as an honest client sends it: dots at the beginning are doubled
lines = st.lists(st.sampled_from([
    b'', b'.', b'..', b'.\r.', b'x.', b'a\tb', b'\x00\xff', b'DATA', b'.x', b'long ' * 30]), max_size=8)
stuffed = lines.map(lambda some: b''.join((b'.' + line if line.startswith(b'.') else line) + b'\r\n' for line in some))


@st.composite
def pipelines(draw: st.DrawFn) -> Step:
    names = draw(st.lists(commands, min_size=1, max_size=5))
    return ''.join(f'{name}\r\n' for name in names).encode(), b''.join(draw(replies) for _ in names), names


@st.composite
def chunks(draw: st.DrawFn) -> Step:
    data = draw(st.lists(st.binary(max_size=50), min_size=1, max_size=3))
    names = [f'BDAT {len(chunk)}' for chunk in data]
    names[-1] += draw(st.sampled_from(['', ' LAST', ' last']))
    sent = b''.join(name.encode() + b'\r\n' + chunk for name, chunk in zip(names, data, strict=True))
    return sent, b'250 ok\r\n' * len(names), names


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[Turn], list[str]]:
    """Turns, and the names of the requests in them."""
    turns, names = [GREETING], ['EHLO me']
    turns += [(CLIENT, b'EHLO me\r\n'), (BACKEND, b'250 mx\r\n')]
    sender = ''
    for step in draw(st.lists(st.one_of(pipelines(), chunks(), stuffed, st.lists(words, max_size=3)), max_size=6)):
        if isinstance(step, tuple):
            sent, answer, said = step
            turns += [(CLIENT, sent), (BACKEND, answer)]
        elif isinstance(step, bytes):
            turns += [(CLIENT, b'DATA\r\n'), (BACKEND, b'354 go\r\n')]
            turns += [(CLIENT, step + b'.\r\n'), (BACKEND, b'250 ok\r\n')]
            said = ['DATA', f'.{sender}']
        else:
            turns += [(CLIENT, b'AUTH LOGIN\r\n')]
            turns += [turn for word in step for turn in ((BACKEND, b'334 \r\n'), (CLIENT, word.encode() + b'\r\n'))]
            turns += [(BACKEND, b'235 ok\r\n')]
            said = ['AUTH LOGIN'] * (len(step) + 1)
        sender = ([sender] + [name[4:] for name in said if name.startswith('MAIL')])[-1]
        names += said
    return turns, names


def named(dialogue: Dialogue, sender: str) -> list[str | None]:
    return [message.name for message in dialogue.messages if message.sender == sender and message.name is not None]


@settings(max_examples=150)
@given(conversations(), st.integers(0, 2**32))
def test_every_request_and_its_reply_are_found_in_any_slicing(talk: tuple[list[Turn], list[str]], seed: int) -> None:
    turns, names = talk
    dialogues = [replay(SMTP, turns, slicer) for slicer in (whole, single_bytes, randomly(seed))]
    for dialogue in dialogues:
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert named(dialogue, CLIENT) == named(dialogue, BACKEND) == names
        assert dialogue.messages == dialogues[0].messages


def damaged(data: bytes, at: int, how: int, junk: bytes) -> bytes:
    """Put junk in, in place of bytes or between them, or take bytes away."""
    at %= len(data) + 1
    return data[:at] + (b'' if how == 2 else junk) + data[at + (len(junk) if how else 0):]


#: what servers and clients may take differently, and what looks like something else
junk = st.binary(min_size=1, max_size=5) | st.sampled_from([
    b'\r', b'\n', b'.', b'\r\n', b'\n.\n', b'\r\n.\r\n', b'\x00', b'\xff', b'-', b'250 ', b'354 go\r\n', b'334 \r\n',
    b'DATA\r\n', b'BDAT 3\r\n', b'AUTH X\r\n', b'STARTTLS\r\n', b'421 bye\r\n'])
numbers = st.integers(0, 10**6)
damages = st.lists(st.tuples(numbers, numbers, st.integers(0, 2), junk), min_size=1, max_size=3)
recorded = st.sampled_from(list(corpus.conversations('smtp').values()))


@settings(max_examples=250)
@given(conversations().map(lambda talk: talk[0]) | recorded, damages, st.integers(0, 2**32))
def test_damaged_conversations_are_read_alike_in_any_slicing(
        turns: list[Turn], places: list[tuple[int, int, int, bytes]], seed: int) -> None:
    turns = list(turns)
    for turn, at, how, what in places:
        sender, data = turns[turn % len(turns)]
        turns[turn % len(turns)] = sender, damaged(data, at, how, what)
    _read_alike(turns, randomly(seed))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from([CLIENT, BACKEND]), st.lists(junk | replies, max_size=6).map(b''.join)),
                max_size=6), st.integers(0, 2**32))
def test_any_bytes_are_relayed_unchanged(turns: list[Turn], seed: int) -> None:
    _read_alike(turns, randomly(seed))


def _read_alike(turns: list[Turn], slicer: Slicer) -> None:
    """Replay whole and sliced; ``replay`` itself checks that no byte changes or moves."""
    turns = [turn for turn in turns if turn[1]]
    expected = replay(SMTP, turns, whole)
    for found in (replay(SMTP, turns, single_bytes), replay(SMTP, turns, slicer)):
        assert found.messages == expected.messages
        assert found.tail == expected.tail
        assert [bool(why) for why in found.opaque.values()] == [bool(why) for why in expected.opaque.values()]
