"""One direction of WebSocket: bytes pass as they came in every slicing, and what a kind does to a message it does to no other."""
import pytest

from tests.support.websocket import BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, frame
from tests.support.websocket_talk import Spoken
from vaurien.protocols.http.ws.failures import CODES

SIZES = [0, 1, 2, 3, 7, 125, 1000]
NEVER = ('error', 100, {'kind': 'ws-close-1011', 'match': '^no message is called so'})


def fails(kind, match=''):
    """Return an entry of a mix that lets messages fail."""
    return 'error', 100, {'kind': kind, 'match': match}


def talk(mask):
    """Return frames of every sort."""
    return [frame(TEXT, b'one', mask), frame(TEXT, b'tw', mask, first=0), frame(PING, b'?', mask),
            frame(CONTINUATION, b'o' * 130, mask), frame(BINARY, bytes(300), mask), frame(PONG, b'', mask),
            frame(TEXT, b'three', mask), frame(CLOSE, b'\x03\xe8', mask)]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('mask', [b'', MASK], ids=['receive', 'send'])
@pytest.mark.parametrize('mix', [[], [NEVER]], ids=['no fault', 'faults for other messages'])
def test_bytes_pass_as_they_came(size, mask, mix):
    spoken, data = Spoken(*mix), b''.join(talk(mask))
    assert spoken.say(bool(mask), data, size) == data
    assert spoken.draws.count == 4
    assert spoken.ends == []


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('mask', [b'', MASK], ids=['receive', 'send'])
def test_a_message_in_pieces_is_dropped_and_what_comes_between_is_not(size, mask):
    spoken, frames = Spoken(fails('ws-dropped', 'tw')), talk(mask)
    assert spoken.say(bool(mask), b''.join(frames), size) == b''.join([frames[0], frames[2], *frames[4:]])
    assert [kind for _, kind in spoken.faults] == ['ws-dropped']


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('mask', [b'', MASK], ids=['receive', 'send'])
def test_a_message_is_doubled(size, mask):
    spoken, frames = Spoken(fails('ws-doubled', 'three')), talk(mask)
    assert spoken.say(bool(mask), b''.join(frames), size) == b''.join([*frames[:7], frames[6], frames[7]])


def test_one_in_pieces_or_too_long_is_not_doubled():
    spoken, data = Spoken(fails('ws-doubled')), b''.join(talk(b'')[1:4]) + frame(BINARY, bytes(16 * 1024 + 1))
    assert spoken.say(False, data) == data
    assert spoken.faults == []


@pytest.mark.parametrize('code', CODES)
@pytest.mark.parametrize('size', SIZES)
def test_a_close_frame_takes_the_place_of_a_message(code, size):
    spoken, frames = Spoken(fails(f'ws-close-{code}', 'three')), talk(b'')
    close = frame(CLOSE, code.to_bytes(2) + b'injected by vaurien')
    assert spoken.say(False, b''.join(frames), size) == b''.join(frames[:6]) + close
    farewell = spoken.left[True]
    assert farewell[:2] == b'\x88\x82'      # masked
    assert bytes(a ^ b for a, b in zip(farewell[6:], farewell[2:6], strict=False)) == b'\x03\xe9'
    assert spoken.ends == ['lingers']
    spoken.say(True, frame(TEXT, b'late', MASK) + frame(CLOSE, b'\x03\xf4', MASK), size)
    assert spoken.ends == ['lingers', 'close']
    assert spoken.left[True] == farewell


@pytest.mark.parametrize('size', SIZES)
def test_a_message_of_the_client_is_answered_with_a_close_frame_after_the_message_that_is_under_way(size):
    spoken, frames = Spoken(fails('ws-close-1012', '^send')), talk(b'')
    spoken.say(False, frames[0] + frames[1])
    assert spoken.say(True, frame(TEXT, b'x' * 1000, MASK), size) == b''    # no message before it is complete
    assert spoken.left[False] == frames[0] + frames[1]
    spoken.say(False, b''.join(frames[2:5]), size)
    assert spoken.left[False] == b''.join(frames[:4]) + frame(CLOSE, b'\x03\xf4injected by vaurien')


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('kind, end', [('ws-cut-inside', 'close'), ('ws-cut-inside-reset', 'reset')])
def test_half_of_a_message_passes_and_then_it_is_over(size, kind, end):
    spoken, frames = Spoken(fails(kind, 'three')), talk(b'')
    assert spoken.say(False, b''.join(frames), size) == b''.join(frames[:6]) + frames[6][:3]
    assert spoken.ends == [end]


@pytest.mark.parametrize('kind, end', [('ws-cut', 'close'), ('ws-cut-reset', 'reset')])
@pytest.mark.parametrize('to_backend', [True, False])
def test_a_cut_is_between_two_messages(kind, end, to_backend):
    mask = MASK if to_backend else b''
    spoken = Spoken(fails(kind, 'three'))
    assert spoken.say(to_backend, b''.join(talk(mask))) == b''.join(talk(mask)[:6])
    assert spoken.ends == [end]


@pytest.mark.parametrize('kind, reply', [('ws-protocol-error', b'\x83\0'), ('ws-bad-utf8', b'\x81\x02\xff\xfe'),
                                         ('ws-too-big', b'\x81\x7f' + (1 << 40).to_bytes(8))])
def test_what_no_client_may_take_comes_once_and_nothing_after_it(kind, reply):
    spoken = Spoken(fails(kind, 'one'))
    assert spoken.say(False, b''.join(talk(b''))) == reply
    assert spoken.ends == []
    spoken.say(True, frame(PING, b'', MASK) + frame(CLOSE, b'\x03\xea', MASK))
    assert spoken.ends == ['close']


def test_pongs_are_dropped_and_all_else_passes():
    spoken, frames = Spoken(fails('ws-no-pong', '^send')), talk(b'')
    data = frame(TEXT, b'x', MASK) + frame(PING, b'?', MASK)
    assert spoken.say(False, frame(PONG)) == frame(PONG)
    assert spoken.say(True, data) == data
    assert spoken.say(False, b''.join(frames)) == frame(PONG) + b''.join([*frames[:5], *frames[6:]])


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('bad', [frame(3, b'x'), frame(PING, bytes(126)), frame(TEXT, b'x', first=0xc0), frame(CONTINUATION)])
def test_what_is_no_frame_passes_and_so_does_all_after_it(size, bad):
    spoken, data = Spoken(fails('ws-dropped', 'late')), frame(TEXT, b'one') + bad + frame(TEXT, b'late')
    assert spoken.say(False, data, size) == data
    assert len(spoken.ends) == 1
    assert spoken.say(True, frame(TEXT, b'more', MASK)) == frame(TEXT, b'more', MASK)


def test_hang_ends_in_silence_and_what_came_before_has_left():
    spoken = Spoken(('hang', 100, {'match': 'two'}))
    assert spoken.say(True, frame(TEXT, b'one', MASK) + frame(TEXT, b'two', MASK)) == frame(TEXT, b'one', MASK)
    assert spoken.ends == ['silence']


@pytest.mark.parametrize('behavior, end', [('blackout', 'closed at once'), ('abort', 'reset at once')])
def test_a_behavior_ends_the_conversation(behavior, end):
    spoken = Spoken((behavior, 100, {'match': 'two'}))
    passes = [b'one', b'two'] if behavior == 'abort' else [b'one']
    data = b''.join(frame(TEXT, text) for text in (b'one', b'two', b'three'))
    assert spoken.say(False, data) == b''.join(frame(TEXT, text) for text in passes)
    assert spoken.ends == [end]


@pytest.mark.parametrize('to_backend', [True, False])
def test_what_waits_stops_its_direction_and_the_other_goes_on(to_backend):
    spoken = Spoken(('delay', 100, {'sleep': 0.0, 'match': 'two'}))
    mask, back = (MASK, b'') if to_backend else (b'', MASK)
    one, two, three = (frame(TEXT, text, mask) for text in (b'one', b'two', b'three'))
    direction = spoken.talk.up if to_backend else spoken.talk.down
    in_the_loop(lambda: direction.feed(one + two + three))
    assert spoken.left[to_backend] == one
    assert spoken.say(not to_backend, frame(TEXT, b'back', back)) == frame(TEXT, b'back', back)
    (waiting, unit), = spoken.waits
    waiting.resume(unit)
    assert spoken.left[to_backend] == one + two + three


def in_the_loop(call):
    """Run a call in the event loop's callback."""
    from gevent import get_hub, sleep
    get_hub().loop.run_callback(call)
    sleep(0)
