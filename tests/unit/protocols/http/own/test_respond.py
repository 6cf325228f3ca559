"""A response that is given as data, as clients of HTTP/1 and HTTP/2 read it."""
import io
from http.client import HTTPResponse

import h2.events
import pytest

from tests.support.framing import CLIENT, FakeSession, replay
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.grpc.protocol import protocol_of
from vaurien.protocols.http.h2.frames import FRAME_BYTES
from vaurien.protocols.http.h2.heads import Asked, exchange_of
from vaurien.protocols.http.headers import BARE_STREAM, CALL
from vaurien.protocols.http.own.respond import STAGES, kind, respond, responding
from vaurien.protocols.http.written import MAX_BODY_BYTES, Written
from vaurien.protocols.message import Failure

from ..h2.test_failures import events, fields
from ..messages import CONNECT, GET, HEAD, POST, UPGRADE
from ..test_failures import received

TEA = Written(418, (('X-A', '1'), ('Content-Type', 'text/plain'), ('X-A', '2'), ('Server', 'teapot')), b'short and stout\n')


def in_http_1(written: Written, asked: bytes = GET) -> Failure:
    dialogue = replay(HTTP, [(CLIENT, asked)])
    return respond(dialogue.protocol, dialogue.exchanges[0], written)


def in_stream(written: Written, method: bytes = b'GET', *more: tuple[bytes, bytes], **noted: int) -> Exchange:
    exchange = exchange_of(3, fields(method, *more))
    for name, value in noted.items():
        setattr(exchange.note, name, value)
    parent = HTTP()
    parent.session = FakeSession()
    respond(protocol_of(parent, exchange), exchange, written)
    return exchange


def body(failure: Failure, method: str = 'GET') -> tuple[HTTPResponse, bytes]:
    response = received(failure.reply, method)
    return response, response.read()


def test_all_that_was_given_comes_in_its_order() -> None:
    response, content = body(in_http_1(TEA))
    assert (response.status, content) == (418, TEA.body)
    found = response.getheaders()
    assert [item for item in found if item[0] in ('X-A', 'Content-Type', 'Server')] == list(TEA.fields)
    assert dict(found)['Content-Length'] == '16'
    assert dict(found)['Connection'] == 'keep-alive'
    assert 'Date' in dict(found)


def test_a_stream_gets_the_same() -> None:
    answered, content, ended = events(in_stream(TEA).note.fault.reply)
    said = [item for item in answered.headers if item[0] in (b'x-a', b'content-type', b'server', b':status')]
    assert said == [(b':status', b'418'), *((name.lower().encode(), value.encode()) for name, value in TEA.fields)]
    assert content.data == TEA.body
    assert isinstance(ended, h2.events.StreamEnded)


@pytest.mark.parametrize('status, length', [(204, None), (304, None), (200, '16'), (599, '16')])
def test_statuses_without_a_body_say_no_length(status: int, length: str | None) -> None:
    response, content = body(in_http_1(TEA._replace(status=status)))
    assert response.getheader('Content-Length') == length
    assert content == (TEA.body if length else b'')
    answered, *rest = events(in_stream(TEA._replace(status=status)).note.fault.reply)
    assert dict(answered.headers).get(b'content-length') == (length and length.encode())
    assert len(rest) == (2 if length else 1)


def test_the_response_to_head_has_the_length_and_no_body() -> None:
    failure = in_http_1(TEA, HEAD)
    response, content = body(failure, 'HEAD')
    assert response.getheader('Content-Length') == '16'
    assert content == b''
    assert failure.reply.endswith(b'\r\n\r\n')
    exchange = in_stream(TEA, b'HEAD')
    assert exchange.stage == BARE_STREAM
    answered, ended = events(exchange.note.fault.reply, 'HEAD')
    assert dict(answered.headers)[b'content-length'] == b'16'
    assert isinstance(ended, h2.events.StreamEnded)


@pytest.mark.parametrize('status, end', [(200, 'close'), (502, '')])
def test_a_tunnel_to_nowhere_is_closed(status: int, end: str) -> None:
    failure = in_http_1(TEA._replace(status=status), CONNECT)
    assert failure.end == end
    assert failure.reply.endswith(TEA.body if end == '' else b'\r\n\r\n')
    assert (b'Content-Length' in failure.reply) == (end == '')


@pytest.mark.parametrize('asked', [GET, HEAD, POST, CONNECT, UPGRADE])
def test_the_request_does_not_reach_the_backend(asked: bytes) -> None:
    assert in_http_1(TEA, asked).request == b''


def test_a_large_body_comes_in_frames_that_the_client_takes() -> None:
    written = Written(200, (), bytes(range(256)) * 255)
    fault = in_stream(written).note.fault
    parts = [event for event in events(fault.reply) if isinstance(event, h2.events.DataReceived)]
    assert b''.join(part.data for part in parts) == written.body
    assert fault.content == len(written.body) <= MAX_BODY_BYTES
    assert [len(part.data) for part in parts[:-1]] == [FRAME_BYTES] * 3


def test_no_more_comes_than_the_client_takes_of_a_stream() -> None:
    fault = in_stream(TEA, window=5).note.fault
    answered, content, _ = events(fault.reply)
    assert content.data == b'short'
    assert dict(answered.headers)[b'content-length'] == b'5'
    assert len(events(in_stream(TEA, window=0).note.fault.reply)) == 2


def test_a_call_of_grpc_gets_the_page() -> None:
    exchange = in_stream(TEA, b'POST', (b'content-type', b'application/grpc'))
    assert exchange.stage == CALL
    assert exchange.note.call is None
    assert dict(events(exchange.note.fault.reply)[0].headers)[b':status'] == b'418'


def test_a_kind_is_made_of_data_and_only_comes_by_its_name() -> None:
    row = kind('Tea.', TEA, ('418',), 'B')
    assert row.only_named
    assert row.stages == STAGES
    assert row.codes == ('418',)
    dialogue = replay(HTTP, [(CLIENT, GET)])
    failure = row.build(dialogue.protocol, dialogue.exchanges[0])
    assert failure is not None
    assert received(failure.reply).status == 418


def test_a_response_can_be_made_when_it_is_needed() -> None:
    made = responding(lambda protocol, exchange: Written(200, (), exchange.name.encode()))
    dialogue = replay(HTTP, [(CLIENT, GET)])
    exchange = dialogue.exchanges[0]
    failure = made(dialogue.protocol, exchange)
    assert failure is not None
    assert body(failure)[1] == exchange.name.encode()
    assert not isinstance(exchange.note, Asked)
    assert io.BytesIO(failure.reply).readline() == b'HTTP/1.1 200 OK\r\n'


def test_a_status_without_a_name_has_none() -> None:
    assert in_http_1(Written(529)).reply.startswith(b'HTTP/1.1 529 \r\n')
    assert received(in_http_1(Written(529)).reply).status == 529
