"""Responses of HTTP/1 that are changed on their way, in every slicing, and what an HTTP client makes of them."""
import gzip
import json
from typing import Any

import pytest

from tests.support.framing import CLIENT, replay
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.own import editor
from vaurien.protocols.http.own.editor import Editor
from vaurien.protocols.http.own.edits import Edit

from ..messages import CONNECT, GET, HEAD
from ..test_failures import received

BODY = b'{"a": [1, 2]}'
LENGTH = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nX-A: old\r\n\r\n' + BODY
CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: old\r\n\r\n7;x=y\r\n{"a": [\r\n6\r\n1, 2]}\r\n0\r\nT: 1\r\n\r\n'
TO_THE_END = b'HTTP/1.0 200 OK\r\nX-A: old\r\n\r\n' + BODY
VALUES = Edit(values=((('a', '0'), 7),))


def edited(edit: Edit, response: bytes, step: int = 10 ** 9, asked: bytes = GET, **settings: Any) -> tuple[bytes, str]:
    """Return what leaves of a response of which the body comes in pieces, and how the connection ends."""
    dialogue = replay(HTTP, [(CLIENT, asked)], **settings)
    found = Editor(edit, dialogue.protocol, dialogue.exchanges[0])
    at = response.index(b'\r\n\r\n') + 4
    cuts = [*range(at, len(response), step), len(response)] if at < len(response) else [at]
    out = b''.join(found.take(response[start:end], end == len(response)) for start, end in zip([0, *cuts], cuts, strict=False)
                   if end > start)
    assert out.startswith(found.head) != (found.head == b'')
    return out, found.end


@pytest.mark.parametrize('step', [1, 2, 5, 1000])
@pytest.mark.parametrize('response', [LENGTH, CHUNKS, TO_THE_END], ids=['length', 'chunks', 'to the end'])
@pytest.mark.parametrize('edit, body', [(VALUES, {'a': [7, 2]}), (VALUES._replace(keep=9), b'{"a":[7,2'), (Edit(keep=4), b'{"a"'),
                                        (Edit(keep=0), b''), (Edit(keep=13), BODY), (Edit(keep=99), BODY)],
                         ids=['value', 'both', 'keep', 'none', 'all', 'more'])
def test_a_body_is_changed_and_its_length_is_right(edit: Edit, body: Any, response: bytes, step: int) -> None:
    out, end = edited(edit, response, step)
    found = received(out)
    content = found.read()
    assert (json.loads(content) if isinstance(body, dict) else content) == body
    assert found.getheaders() == [('X-A', 'old'), ('Content-Length', str(len(content)))]
    assert end == ''


@pytest.mark.parametrize('step', [1, 1000])
@pytest.mark.parametrize('response', [LENGTH, CHUNKS], ids=['length', 'chunks'])
def test_a_body_is_short_of_its_length(response: bytes, step: int) -> None:
    out, end = edited(Edit(keep=4, short=True), response, step)
    assert (out.partition(b'\r\n\r\n')[2], end) == (b'{"a"', 'close')
    assert received(out).getheader('Content-Length') == '13'
    assert edited(Edit(keep=13, short=True), response, step)[1] == ''


def test_fields_and_status_are_changed_and_the_rest_passes_as_it_came() -> None:
    edit = Edit(503, (('x-a', 'new'), ('X-B', '1')), (('X-C', '2'), ('X-C', '3')), ('Server',))
    response = CHUNKS.replace(b'X-A: old', b'x-A:old\r\nserver: s\r\nX-C: 1')
    out, _ = edited(edit, response)
    assert out.partition(b'\r\n\r\n') == (
        b'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\nX-C: 1\r\nx-a: new\r\nX-B: 1\r\nX-C: 2\r\nX-C: 3',
        b'\r\n\r\n', response.partition(b'\r\n\r\n')[2])


@pytest.mark.parametrize('asked, start', [(HEAD, b'HTTP/1.1 200 OK\r\nContent-Length: 13'), (GET, b'HTTP/1.1 204 No Content'),
                                          (GET, b'HTTP/1.1 304 Not Modified\r\nContent-Length: 13'),
                                          (GET, b'HTTP/1.1 200 OK\r\nContent-Length: 0')], ids=['HEAD', '204', '304', 'empty'])
def test_where_there_is_no_body_only_headers_are_changed(asked: bytes, start: bytes) -> None:
    out, _ = edited(Edit(keep=1, put=(('X-A', '1'),)), start + b'\r\n\r\n', asked=asked)
    assert out == start + b'\r\nX-A: 1\r\n\r\n'


@pytest.mark.parametrize('asked, response', [(GET, b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'),
                                             (CONNECT, b'HTTP/1.1 200 Connection established\r\n\r\n')],
                         ids=['upgrade', 'tunnel'])
def test_what_is_no_http_any_more_is_left_alone(asked: bytes, response: bytes) -> None:
    assert edited(Edit(500, keep=0), response, asked=asked) == (response, '')


@pytest.mark.parametrize('body, coding', [(gzip.compress(BODY), b'gzip'), (b'no json', b''), (b'{"b": 1}', b''),
                                          (b'[' * 99999, b''), (b'{"a": [1e999]}', b'')],
                         ids=['gzip', 'text', 'elsewhere', 'deep', 'infinite'])
def test_a_body_that_cannot_be_changed_stays_as_it_is(body: bytes, coding: bytes) -> None:
    start = b'HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n' % (coding, len(body))
    edit = VALUES if body != b'{"a": [1e999]}' else Edit(values=((('b',), 1),))
    assert edited(edit, start + body) == (start + body, '')


@pytest.mark.parametrize('response', [b'Content-Length: 13', b'Transfer-Encoding: chunked'])
def test_more_than_is_held_passes_as_it_is_or_is_cut(response: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, 'MAX_EDITED_BYTES', 10)
    response = LENGTH if b'Length' in response else CHUNKS
    assert edited(VALUES, response, 3) == (response, '') or response == CHUNKS
    out, _ = edited(VALUES, response, 3)
    assert sorted(out.partition(b'\r\n\r\n')[0].split(b'\r\n')) == sorted(response.partition(b'\r\n\r\n')[0].split(b'\r\n'))
    assert out.partition(b'\r\n\r\n')[2] == response.partition(b'\r\n\r\n')[2]
    found = received(edited(Edit(keep=4), response, 3)[0])
    assert (found.read(), found.getheader('Content-Length')) == (b'{"a"', '4')
    assert edited(Edit(keep=4, short=True), response, 3)[1] == 'close'


def test_headers_are_rewritten_too_where_that_was_asked_for() -> None:
    out, _ = edited(Edit(put=(('X-A', '1'),)), LENGTH, keep_alive=False)
    assert b'X-A: 1' in out
