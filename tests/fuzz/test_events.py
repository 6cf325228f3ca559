"""Streams of events at random, in random chunks and slices: what passes is what a simple reader of the whole stream says."""
import re

import h11
from hypothesis import given, strategies

from tests.support.framing import CLIENT, Dialogue
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.formats import SSE, Event, events_of
from vaurien.protocols.http.events.halves import EventHalf
from vaurien.protocols.http.events.plan import CLEAN, ON, StreamFault

BLOCKS = b'x', b'data: 1', b'data', b'data:2', b'event: a', b'event: ping', b'id: 7', b': c', b':', b'datax: 1', b' data: 1'
ENDS = strategies.sampled_from([b'\n', b'\n', b'\r\n', b'\r'])
SAID = Event('{"x": 1}', 'error')


def stream(lines):
    """Join lines, of which an empty one ends an event; no carriage return comes before what may be its line feed."""
    joined = b''.join(line + end for line, end in lines)
    return joined + b'data: end' * joined.endswith(b'\r')


def oracle(content):
    """Return where the events of a whole stream end, line by line."""
    at, ends, data, ping = 0, [], False, False
    for found in re.finditer(rb'([^\r\n]*)(\r\n|\r|\n)', content):
        line, at = found[1], found.end()
        if not line:
            if data and not ping:
                ends.append(at)
            data = ping = False
        elif line == b'data' or line.startswith(b'data:'):
            data = True
        elif line.startswith(b'event'):
            ping = line == b'event: ping'
    return ends


def places(content, at):
    """Return where an event may be taken to end that ends here: before or after the line feed of its last line."""
    return {at, at - (content[at - 2:at] == b'\r\n')}


def slices(content, cuts):
    """Cut content at these places."""
    places = sorted({cut % (len(content) + 1) for cut in cuts})
    return [content[start:end] for start, end in zip([0, *places], [*places, len(content)], strict=True)]


LINE = strategies.tuples(strategies.sampled_from([*BLOCKS, b'', b'', b'', b'']), ENDS)
CUTS = strategies.lists(strategies.integers(0, 4000), max_size=30)


@given(strategies.lists(LINE, max_size=40), CUTS, strategies.integers(0, 8))
def test_events_are_counted_as_a_reader_of_the_whole_stream_counts_them(lines, cuts, limit):
    content = stream(lines)
    events, passed = events_of(SSE, limit), 0
    for piece in slices(content, cuts):
        passed += events.take(piece, 0, len(piece))
    ends = oracle(content)
    assert passed in places(content, [0, *ends, *[len(content)] * limit][limit])
    assert events.left == max(limit - len(ends), 0)


@given(strategies.lists(LINE, max_size=30), CUTS, CUTS, strategies.integers(0, 6), strategies.sampled_from([CLEAN, ON]),
       strategies.sampled_from([0.0, 8.0]), strategies.sampled_from(['chunks', 'length', 'close']))
def test_a_client_gets_the_events_before_what_is_said_and_those_after(lines, chunks, cuts, after, end, rate, framing):
    content = stream(lines)
    rate = rate if end == ON else 0.0
    fault = StreamFault(end, () if rate else (SAID,), after, rate)
    fields = {'chunks': 'Transfer-Encoding: chunked', 'length': f'Content-Length: {len(content)}', 'close': 'Connection: close'}
    body = content
    if framing == 'chunks':
        body = b''.join(b'%x\r\n%b\r\n' % (len(piece), piece) for piece in slices(content, chunks) if piece) + b'0\r\n\r\n'
    response = f'HTTP/1.1 200 OK\r\nContent-Type: {SSE}\r\n{fields[framing]}\r\n\r\n'.encode() + body
    found, half = passed_of(fault, slices(response, cuts))
    ends = oracle(content)
    reached = len(ends) >= after
    at = [0, *ends][after] if reached else len(content)
    said = b'' if rate or not reached else b'event: error\ndata: {"x": 1}\n\n'
    assert content_of(b''.join(piece for _, piece in found), framing) in {
        content[:place] + said + (content[place:] if end == ON or not reached else b'') for place in places(content, at)}
    assert half.begun == reached
    assert [pause for pause, _ in found if pause] == [1 / rate] * (len(ends) - after) if rate and reached else True


def passed_of(fault, pieces):
    """Return what a half lets pass of a response."""
    dialogue, found, half = Dialogue(HTTP), [], EventHalf(fault)
    dialogue.feed(CLIENT, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    cutter, over = dialogue.protocol.response_cutter, False
    for parts in (*(cutter.cut(piece) for piece in pieces), None):
        at = 0
        for end, _, done in (cutter.end() if cutter.ends() else ()) if parts is None else parts:
            if not over:
                found.extend(half.pieces(cutter.data[at:end], done))
            at, over = end, over or bool(half.end)
    return found, half


def content_of(sent, framing):
    """Return the content of a response as a client reads it."""
    client, content = h11.Connection(h11.CLIENT), b''
    client.send(h11.Request(method='GET', target='/', headers=[('Host', 'a')]))
    client.send(h11.EndOfMessage())
    client.receive_data(sent)
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            client.receive_data(b'')
        elif isinstance(event, h11.Data):
            content += event.data
    return content
