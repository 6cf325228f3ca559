"""WebSocket as generated and damaged: no byte is lost in any slicing, and a fault at one message is at no other."""
from hypothesis import given
from hypothesis import strategies as st

from tests.support.websocket import BINARY, CLOSE, CONTINUATION, FIN, MASK, PING, PONG, TEXT, frame
from tests.support.websocket_talk import Spoken
from vaurien.errors import ProtocolError
from vaurien.protocols.http.ws.frames import REST, Frames
from vaurien.protocols.http.ws.handshake import Agreed

payloads = st.one_of(st.binary(max_size=20), st.sampled_from((bytes(125), bytes(126), bytes(300))))
firsts = st.sampled_from((0, FIN, FIN | 0x40, FIN | 0x10))
anything = st.builds(frame, st.integers(0, 15), payloads, st.sampled_from((b'', MASK)), firsts)
sizes = st.integers(1, 40)
ends = st.sampled_from(('ws-close-1012', 'ws-cut', 'ws-bad-utf8'))


def cut(pieces: list[bytes], masked: bool, peek: int) -> tuple[list[tuple[int, bytes, bool]], bytes, bool]:
    """Return the frames with all their bytes, and whether each ends a message; what is left, and whether that was refused."""
    cutter, found = Frames(masked, True, peek), []  # type: Frames, list[tuple[int, bytes, bool]]
    try:
        for piece in pieces:
            for opcode, at, _, end, done in cutter.cut(piece):
                if opcode == REST:
                    first, before, _ = found.pop()
                    found.append((first, before + cutter.data[at:end], done))
                else:
                    found.append((opcode, cutter.data[at:end], done))
    except ProtocolError:
        return found, cutter.held(), True
    return found, cutter.held(), False


@given(st.lists(st.one_of(anything, st.binary(max_size=9)), max_size=8), sizes, st.booleans(), st.sampled_from((0, 1, 256)))
def test_no_byte_is_lost_whatever_comes_and_however_it_is_cut(pieces: list[bytes], size: int, masked: bool, peek: int) -> None:
    data = b''.join(pieces)
    found, left, refused = cut([data], masked, 0)
    assert b''.join(covered for _, covered, _ in found) + left == data
    again, _, also = cut([data[at:at + size] for at in range(0, len(data), size)], masked, peek)
    assert also == refused
    assert peek or again == found
    assert again == found[:len(again)] or again[:-1] == found[:len(again) - 1]


@st.composite
def messages(draw: st.DrawFn) -> list[list[bytes]]:
    """Messages of one side, each in one piece or in several, with control frames between these."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        texts = [b'n%d %b' % (number, draw(payloads)), *draw(st.lists(payloads, max_size=3))]
        opcode, frames = draw(st.sampled_from((TEXT, BINARY))), []
        for place, text in enumerate(texts):
            frames.append((CONTINUATION if place else opcode, text, FIN if place == len(texts) - 1 else 0))
            if place < len(texts) - 1 and draw(st.booleans()):
                frames.append((draw(st.sampled_from((PING, PONG))), draw(st.binary(max_size=125)), FIN))
        found.append(frames)
    return found  # type: ignore[return-value]


def written(message: list[tuple[int, bytes, int]], mask: bytes, control: bool | None = None) -> bytes:
    """Return the bytes of a message; with ``control`` True those of its control frames alone."""
    return b''.join(frame(opcode, text, mask, first) for opcode, text, first in message
                    if control is None or (opcode >= CLOSE) is control)


@given(messages(), st.booleans(), sizes, st.integers(0, 7), st.booleans())
def test_a_message_is_dropped_and_no_byte_of_another(said: list, to_backend: bool, size: int, which: int, drawn: bool) -> None:
    mask, which = MASK if to_backend else b'', which % len(said)
    text = said[which][0][0] == TEXT
    match = f'^(send|receive) n{which} ' if drawn and text else '^no message'
    spoken = Spoken(('error', 100, {'kind': 'ws-dropped', 'match': match}))
    spoken.say(to_backend, b''.join(written(message, mask) for message in said), size)
    expected = b''.join(written(message, mask, True if drawn and text and place == which else None)
                        for place, message in enumerate(said))
    assert spoken.left[to_backend] == expected
    assert spoken.draws.count == len(said)


@given(messages(), messages(), sizes, st.integers(0, 7), ends, st.booleans())
def test_an_end_comes_between_two_messages(
        sent: list, received: list, size: int, which: int, kind: str, first: bool) -> None:
    spoken = Spoken(('error', 100, {'kind': kind, 'match': f'^(send|receive) n{which} '}))
    sides = [(True, b''.join(written(message, MASK) for message in sent)),
             (False, b''.join(written(message, b'') for message in received))]
    for to_backend, data in sides if first else sides[::-1]:
        spoken.say(to_backend, data, size)
    whole, left = b'', spoken.left[False]
    whole_ones = {whole} | {whole := whole + written(message, b'') for message in received}
    assert not cut([left], False, 0)[2]
    if spoken.faults:
        assert any(left.startswith(end) and len(left) - len(end) in (0, 4, 4 + len(b'injected by vaurien')) for end in whole_ones)
    else:
        assert left == whole


@given(st.lists(st.one_of(anything, st.binary(max_size=9)), max_size=8), sizes)
def test_whatever_comes_passes_where_nothing_is_asked_for(pieces: list[bytes], size: int) -> None:
    for to_backend in (True, False):
        for agreed in (Agreed(), Agreed(True)):
            spoken, data = Spoken(('error', 100, {'kind': 'ws-cut', 'match': '^no message'}), agreed=agreed), b''.join(pieces)
            direction = spoken.talk.up if to_backend else spoken.talk.down
            assert spoken.say(to_backend, data, size) + direction.frames.held() == data
