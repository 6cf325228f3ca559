"""A stream of HTTP/1 is what its client gets of it, in any slicing and framing: read by the library h11."""
import h11
import pytest

from tests.support.framing import CLIENT, Dialogue, randomly, single_bytes, whole
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.formats import Event
from vaurien.protocols.http.events.halves import EventHalf
from vaurien.protocols.http.events.plan import CLEAN, CUT, ON, RESET, STALL, StreamFault

from ..messages import GET, answer

EVENTS = [b': hello\n\ndata: 0\n\n', b':\n\nevent: a\ndata: 1\n\n', b'data: 2\n\n', b'data: 3\n\n']
CONTENT = b''.join(EVENTS)
SAID = Event('wrong', 'error')
ERROR = b'event: error\ndata: wrong\n\n'
TYPE = 'Content-Type: text/event-stream'
FRAMINGS = {
    'chunks': answer(200, TYPE, 'Transfer-Encoding: chunked',
                     body=b'5\r\n: hel\r\n3;x=y\r\nlo\n\r\n%x\r\n%b\r\n0\r\nX-End: 1\r\n\r\n' % (len(CONTENT) - 8, CONTENT[8:])),
    'length': answer(200, TYPE, f'Content-Length: {len(CONTENT)}', body=CONTENT),
    'close': answer(200, TYPE, 'Connection: close', body=CONTENT),
}
SLICERS = {'whole': whole, 'bytes': single_bytes, 'random': randomly(5), 'short': randomly(6, 3)}


def given(fault, response, slicer=whole):
    """Return the pieces that the client gets, with the pauses before them, and the half."""
    dialogue = Dialogue(HTTP)
    dialogue.feed(CLIENT, GET)
    half, found = EventHalf(fault), []

    def take(parts):
        at = 0
        for end, exchange, done in parts:
            assert exchange is dialogue.protocol.queue[0]
            data, at = cutter.data[at:end], end
            if not half.end and not half.spares(data) if half.flow is None else not ended:
                found.extend(half.pieces(data, done))
            ended.extend([True] * bool(half.begun and half.end))
    cutter, ended = dialogue.protocol.response_cutter, []
    for piece in slicer(response):
        take(cutter.cut(piece))
    if cutter.ends():
        take(cutter.end())
    return found, half


def read(sent, closed):
    """Read a response as a client does: its headers, its content, its trailer, and whether it is complete; ``closed``: by FIN."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method='GET', target='/', headers=[('Host', 'a')]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    content, headers = b'', {}
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA and closed:
            client.receive_data(b'')
            closed = False
        elif event is h11.NEED_DATA:
            return headers, content, None
        elif isinstance(event, h11.Response):
            headers = dict(event.headers)
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            return headers, content, list(event.headers)


@pytest.mark.parametrize('slicer', SLICERS)
@pytest.mark.parametrize('framing', FRAMINGS)
@pytest.mark.parametrize('after', range(5))
@pytest.mark.parametrize('end', [CLEAN, CUT, RESET, STALL, ON])
def test_so_many_events_pass_then_something_is_said_and_the_stream_ends(end, after, framing, slicer):
    fault = StreamFault(end, (SAID,), after)
    found, half = given(fault, FRAMINGS[framing], SLICERS[slicer])
    sent = b''.join(piece for _, piece in found)
    assert half.begun
    wanted = b''.join(EVENTS[:after]) + ERROR + (b''.join(EVENTS[after:]) if end == ON else b'')
    rewritten = framing == 'length'     # from here on as long as the connection
    closes = end == CLEAN or framing != 'chunks'
    ends = {CLEAN: 'close', CUT: 'close' if framing == 'chunks' else 'reset', RESET: 'reset', STALL: 'silence',
            ON: 'close' if closes else ''}
    assert half.end == ends[end]
    whole_one = end in (CLEAN, ON)
    headers, content, trailer = read(sent, closed=whole_one and framing != 'chunks')
    assert content == wanted
    assert (trailer is not None) == whole_one
    assert headers[b'content-type'] == b'text/event-stream'
    assert (b'content-length' in headers) == (framing == 'length' and not rewritten)
    assert (headers.get(b'connection') == b'close') == (closes or framing == 'close')
    assert [pause for pause, _ in found if pause] == []
    if end == ON and framing == 'chunks':
        assert trailer == [(b'x-end', b'1')]


@pytest.mark.parametrize('slicer', SLICERS)
@pytest.mark.parametrize('framing', FRAMINGS)
def test_a_stream_that_ends_before_is_all_there(framing, slicer):
    found, half = given(StreamFault(CUT, after=9), FRAMINGS[framing], SLICERS[slicer])
    assert (half.begun, half.end) == (False, '')
    headers, content, trailer = read(b''.join(piece for _, piece in found), closed=framing == 'close')
    assert content == CONTENT
    assert trailer == ([(b'x-end', b'1')] if framing == 'chunks' else [])
    assert headers.get(b'content-length') == (b'%d' % len(CONTENT) if framing == 'length' else None)


@pytest.mark.parametrize('end', [CUT, RESET, STALL])
@pytest.mark.parametrize('after', range(4))
def test_a_length_that_was_told_stays_where_a_stream_just_stops(end, after):
    found, half = given(StreamFault(end, after=after), FRAMINGS['length'])
    headers, content, trailer = read(b''.join(piece for _, piece in found), closed=False)
    assert (headers[b'content-length'], content) == (b'%d' % len(CONTENT), b''.join(EVENTS[:after]))
    assert trailer is None
    assert half.end == {CUT: 'close', RESET: 'reset', STALL: 'silence'}[end]


@pytest.mark.parametrize('slicer', SLICERS)
@pytest.mark.parametrize('framing', FRAMINGS)
@pytest.mark.parametrize('after', range(5))
def test_a_slow_stream_has_a_pause_before_each_event_that_does_not_pass_at_once(framing, after, slicer):
    found, half = given(StreamFault(ON, after=after, rate=4), FRAMINGS[framing], SLICERS[slicer])
    assert half.slow
    _, content, trailer = read(b''.join(piece for _, piece in found), closed=framing == 'close')
    assert (content, trailer is not None) == (CONTENT, True)
    assert [pause for pause, _ in found if pause] == [0.25] * (4 - after)


@pytest.mark.parametrize('status, fields, why', [
    (200, ('Content-Type: text/html',), 'it is no stream of events, but text/html'),
    (200, (), 'it is no stream of events, but of no type'),
    (503, (TYPE,), 'its status is 503'), (200, (TYPE, 'Content-Encoding: gzip'), 'its events are compressed with gzip'),
    (200, (TYPE, 'content-encoding: identity'), ''), (201, ('content-TYPE:  application/jsonl ; a=b',), ''),
    (204, ('X-Content-Type: text/event-stream',), 'it is no stream of events, but of no type')])
def test_what_is_no_stream_is_spared_and_it_is_said_why(status, fields, why):
    assert EventHalf(StreamFault(CUT, after=0)).spares(answer(status, *fields, 'Content-Length: 2', body=b'ok')) == why
