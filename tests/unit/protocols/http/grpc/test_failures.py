"""The failures of gRPC: their statuses and words, where they fit, and what is drawn."""
import h2.connection
import h2.events
import pytest

from tests.support.framing import FakeSession
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import GRPC, HTTP
from vaurien.protocols.http.answers import CALL_STATUSES, read_call
from vaurien.protocols.http.events.halves import EventHalf
from vaurien.protocols.http.events.plan import ON, StreamFault
from vaurien.protocols.http.grpc.failures import ERRORS, PAGES, WORDS, kind_of
from vaurien.protocols.http.grpc.messages import messages_of
from vaurien.protocols.http.grpc.protocol import protocol_of
from vaurien.protocols.http.h2.failures import Fault
from vaurien.protocols.http.h2.heads import exchange_of, is_grpc
from vaurien.protocols.http.headers import BARE_STREAM, CALL, KEYED_STREAM, STREAM


def call(content_type: bytes = b'application/grpc', method: bytes = b'POST', origin: bytes = b'') -> Exchange:
    fields = (b':method', method), (b':path', b'/a.B/C'), (b':scheme', b'http'), (b'content-type', content_type)
    return exchange_of(1, [(*field, False) for field in fields], origin)


def parent(cls: type[HTTP], **settings: object) -> HTTP:
    made = cls(settings)
    made.session = FakeSession()
    return made


def fault_of(kind: str, **settings: object) -> Fault:
    exchange = call()
    protocol = protocol_of(parent(HTTP, **settings), exchange)
    protocol.errors[kind].build(protocol, exchange)
    fault: Fault = exchange.note.fault
    return fault


def received(reply: bytes) -> list[h2.events.Event]:
    client = h2.connection.H2Connection()
    client.initiate_connection()
    client.send_headers(1, [(':method', 'POST'), (':path', '/a.B/C'), (':scheme', 'http'), (':authority', 'b')])
    return client.receive_data(reply)


def test_each_status_has_a_kind_that_is_known_by_its_number_and_its_name() -> None:
    assert set(WORDS) == set(CALL_STATUSES) - {'OK'}
    for number, status in enumerate(CALL_STATUSES):
        wanted = () if status == 'OK' else (kind_of(status),)
        assert HTTP.kinds_named(str(number)) == HTTP.kinds_named(status) == GRPC.kinds_named(status) == wanted


@pytest.mark.parametrize('status', WORDS)
def test_a_status_comes_in_headers_that_end_the_stream(status: str) -> None:
    fault = fault_of(kind_of(status))
    answered, ended = received(fault.reply)
    assert isinstance(answered, h2.events.ResponseReceived)
    assert isinstance(ended, h2.events.StreamEnded)
    fields = dict(answered.headers)
    assert fields[b':status'] == b'200'
    assert fields[b'content-type'] == b'application/grpc'
    assert fields[b'grpc-status'] == b'%d' % CALL_STATUSES.index(status)
    assert fields[b'grpc-message'] == WORDS[status][0].encode()
    assert (b'%' in fields[b'grpc-message'], fault.at_once, fault.content) == (False, True, 0)


@pytest.mark.parametrize('wait', [-1, 0, 700])
def test_what_pushes_a_client_back_says_how_long(wait: int) -> None:
    answered, _ = received(fault_of('grpc-retry-pushback', grpc_pushback=wait).reply)
    assert isinstance(answered, h2.events.ResponseReceived)
    assert dict(answered.headers)[b'grpc-retry-pushback-ms'] == b'%d' % wait


def test_what_is_not_gRPC_comes_with_a_page_and_what_breaks_it_with_content() -> None:
    for status in PAGES:
        answered, content, *_ = received(fault_of(f'grpc-http-{status}').reply)
        assert isinstance(answered, h2.events.ResponseReceived)
        assert isinstance(content, h2.events.DataReceived)
        assert dict(answered.headers)[b'content-type'].startswith(b'text/html')
        assert (b'retry-after' in dict(answered.headers)) == (status in (429, 503))
    for kind, trailers in (('grpc-no-status', False), ('grpc-half-message', True)):
        fault = fault_of(kind)
        found = received(fault.reply)
        assert any(isinstance(event, h2.events.TrailersReceived) for event in found) == trailers
        assert sum(event.flow_controlled_length for event in found if isinstance(event, h2.events.DataReceived)) == fault.content


@pytest.mark.parametrize('cls', [HTTP, GRPC])
def test_a_slow_call_is_one_stream_of_messages_that_goes_on(cls: type[HTTP]) -> None:
    for settings, rate in (({}, 1.0), ({'grpc_rate': 9.5}, 9.5)):
        exchange = call()
        protocol = protocol_of(parent(cls, **settings), exchange)
        failure = protocol.errors['grpc-slow'].build(protocol, exchange)
        assert isinstance(failure.half, EventHalf)
        assert (exchange.note.fault.drops, exchange.note.fault.events) == ('', failure.half)
        assert failure.half.fault == StreamFault(ON, after=0, rate=rate, reads=messages_of)
        assert not failure.half.reported


@pytest.mark.parametrize('stage', [STREAM, KEYED_STREAM, BARE_STREAM, CALL])
def test_kinds_of_grpc_fit_calls_alone(stage: str) -> None:
    exchange = Exchange(b'/a.B/C', stage)
    assert all(HTTP().fits(kind, exchange) == GRPC().fits(kind, exchange) == (stage == CALL) for kind in ERRORS)


def test_at_a_call_those_of_grpc_are_drawn_and_protocol_grpc_draws_no_others() -> None:
    drawn = [kind for kind, row in ERRORS.items() if not row.only_named]
    assert len(drawn) == 13
    assert not {'grpc-not-found', 'grpc-cut', 'grpc-slow', 'grpc-half-message', 'grpc-no-status'} & set(drawn)
    other = exchange_of(1, [(b':method', b'GET', False), (b':path', b'/', False)])
    for cls, at_others in ((HTTP, 15), (GRPC, 0)):
        assert list(protocol_of(parent(cls), call()).at_random()) == drawn
        assert len(list(protocol_of(parent(cls), other).at_random())) == at_others
    assert {kind for kind, row in GRPC.errors.items() if not row.only_named} == set(drawn)
    assert all(CALL in row.stages for row in GRPC.errors.values())


@pytest.mark.parametrize('content_type, method, name, stage', [
    (b'application/grpc', b'POST', '/a.B/C', CALL), (b'application/grpc+proto', b'POST', '/a.B/C', CALL),
    (b'application/grpc;a=b', b'POST', '/a.B/C', CALL), (b'application/grpc', b'GET', 'GET /a.B/C', STREAM),
    (b'application/grpc-web', b'POST', 'POST /a.B/C', STREAM), (b'application/json', b'POST', 'POST /a.B/C', STREAM),
    (b'', b'POST', 'POST /a.B/C', STREAM)])
def test_a_call_is_known_by_its_content_type(content_type: bytes, method: bytes, name: str, stage: str) -> None:
    exchange = call(content_type, method)
    assert (exchange.name, exchange.stage) == (name, stage)
    assert is_grpc(content_type) == (stage == CALL or method == b'GET')


def test_on_a_connection_that_a_forward_proxy_has_opened_a_call_says_the_server() -> None:
    assert call(origin=b'https://api.example').name == 'https://api.example/a.B/C'


@pytest.mark.parametrize('status, number, answer', [
    (200, 0, ('ok', '0')), (200, 14, ('UNAVAILABLE', '14')), (200, None, ('UNKNOWN', '')), (200, 99, ('UNKNOWN', '99')),
    (503, None, ('503', '503')), (0, None, ('ok', '0'))])
def test_how_a_call_was_answered(status: int, number: int | None, answer: tuple[str, str]) -> None:
    assert read_call(status, number) == answer
