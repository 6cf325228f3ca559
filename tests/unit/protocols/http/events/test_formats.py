"""Events are found where they end, in any slicing, and what is none is not counted."""
import pytest

from tests.support.framing import randomly, single_bytes, whole
from vaurien.protocols.http.events.formats import LINES, SSE, Event, check_types, events_of

SEQ = 'application/json-seq'
#: content, and where its events end
STREAMS = {
    'plain': (SSE, [b'data: 1\n\n', b'data: 2\n\n', b'data\n\n']),
    'fields': (SSE, [b'event: a\nid: 7\ndata: 1\ndata: 2\n\n', b'retry: 3\ndata:\n\n']),
    'comments': (SSE, [b': hello\n\n:\n\ndata: 1\n: in\n\n', b':\n\n: more\n\ndata: 2\n\n']),
    'no data': (SSE, [b'event: a\n\nid: 1\n\nretry: 5\n\n\n\n\ndatabase: 1\n\ndata: 1\n\n']),
    'pings': (SSE, [b'event: ping\ndata: {}\n\nevent:ping\ndata: {}\n\nevent: a\ndata: 1\n\n', b'event: pinged\ndata: 2\n\n',
                    b'data: 1\nevent: ping\n\nevent: ping\nevent: a\ndata: 2\n\n']),
    'crlf': (SSE, [b'data: 1\r\n\r\n', b':\r\n\r\ndata: 2\r\ndata: 3\r\n\r\n', b'event: ping\r\ndata: 1\r\n\r\ndata: 4\r\n\r\n']),
    'cr': (SSE, [b'data: 1\r\r', b'data: 2\rdata: 3\r\r']),
    'mixed ends': (SSE, [b'data: 1\r\n\n', b'data: 2\n\r\n', b'data: 3\r\r']),
    'mark': (SSE, [b'\xef\xbb\xbfdata: 1\n\n', b'data: 2\n\n']),
    'text': (SSE, ['data: \N{SNOWMAN}\n\n'.encode(), b'data: ' + b'x' * 3000 + b'\n\n', b'data: {"data:": "\\n"}\n\n']),
    'lines': ('application/x-ndjson', [b'{"n": 1}\n', b'\n \n\r\n{"n": 2}\r\n', b'3\n']),
    'records': (SEQ, [b'\x1e{"n": 1}\n', b'\x1e\n\x1e{"n": 2}\n']),
}


@pytest.mark.parametrize('slicer', [whole, single_bytes, randomly(1, 3), randomly(2), randomly(3)],
                         ids=['whole', 'bytes', 'short', 'random', 'again'])
@pytest.mark.parametrize('name', STREAMS)
def test_so_many_pass_and_nothing_of_the_next(name, slicer):
    kind, parts = STREAMS[name]
    content = b''.join(parts)
    for limit in range(len(parts) + 2):
        events, passed = events_of(kind, limit), 0
        for piece in slicer(content):
            passed += events.take(b'before' + piece + b'after\n\n', 6, 6 + len(piece))
        wanted = sum(map(len, parts[:limit]))
        last_is_cr = content[:wanted].endswith(b'\r\r')
        assert passed == wanted + (last_is_cr and content[wanted:wanted + 1] == b'\n'), limit
        assert events.left == max(limit - len(parts), 0)


@pytest.mark.parametrize('slicer', [whole, single_bytes, randomly(4, 5)], ids=['whole', 'bytes', 'random'])
@pytest.mark.parametrize('name', STREAMS)
def test_each_event_is_found_where_it_ends(name, slicer):
    kind, parts = STREAMS[name]
    events, ends, before = events_of(kind, 0), [], 0
    for piece in slicer(b''.join(parts)):
        at = 0
        while (at := events.find(piece, at, len(piece))) >= 0:
            ends.append(before + at)
        before += len(piece)
    assert ends == [sum(map(len, parts[:count])) for count in range(1, len(parts) + 1)]


@pytest.mark.parametrize('kind, is_one', [
    (SSE, True), ('Text/Event-Stream; charset=utf-8', True), *((kind, True) for kind in sorted(LINES)),
    ('application/json-seq', True), ('application/geo+json-seq;a=b', True), ('application/json', False), ('text/plain', False),
    ('', False), ('text/event-streams', False), ('application/x-ndjson2', False)])
def test_a_stream_is_known_by_its_content_type(kind, is_one):
    assert (events_of(kind, 1) is not None) == is_one


@pytest.mark.parametrize('kind, event, wanted', [
    (SSE, Event('a'), b'data: a\n\n'), (SSE, Event('a\nb', 'error'), b'event: error\ndata: a\ndata: b\n\n'),
    (SSE, Event('id: 1\ndata: a', as_it_is=True), b'id: 1\ndata: a\n\n'),
    ('application/jsonl', Event('{}', 'error'), b'{}\n'),
    ('application/jsonl', Event('event: x\ndata: {"a": 1}', as_it_is=True), b'{"a": 1}\n'),
    (SEQ, Event('{}'), b'\x1e{}\n')])
def test_an_event_is_written_as_the_stream_has_its_events(kind, event, wanted):
    events = events_of(kind, 1)
    assert events.written(event) == wanted
    assert events.take(wanted, 0, len(wanted)) == len(wanted)
    assert events.left == 0


def test_content_types_are_named_as_such():
    assert [check_types(text) for text in ('', ' ', 'application/json, text/x ')] == ['', '', 'application/json, text/x']
    for text in ('json', ',', 'text/x,', 'text/x y', 'text/', 7):
        with pytest.raises(ValueError, match=str(text)):
            check_types(text)
