"""The failures of streams, as a client that the library h2 plays reads them."""
import h2.connection
import h2.events
import pytest

from tests.support.framing import FakeSession
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.failures import ERRORS as EVENTS
from vaurien.protocols.http.grpc.protocol import protocol_of
from vaurien.protocols.http.h2.failures import ANY_STREAM, BOTH, ERRORS, NOTHING, RESPONSE, Fault
from vaurien.protocols.http.h2.heads import Asked, exchange_of
from vaurien.protocols.http.h2.hpack import Field
from vaurien.protocols.http.h2.protocol import REFUSED, StreamProtocol
from vaurien.protocols.http.headers import BARE_STREAM, KEYED_STREAM, STREAM
from vaurien.protocols.http.own.kinds import ERRORS as OWN


def fields(method: bytes = b'GET', *more: tuple[bytes, bytes]) -> list[Field]:
    return [(name, value, False) for name, value in ((b':method', method), (b':path', b'/a'), (b':authority', b'b:1'), *more)]


def fault_of(kind: str, method: bytes = b'GET') -> tuple[Exchange, Fault]:
    exchange = exchange_of(3, fields(method))
    StreamProtocol.errors[kind].build(None, exchange)
    fault: Fault = exchange.note.fault
    return exchange, fault


def events(reply: bytes, method: str = 'GET') -> list[h2.events.Event]:
    """Return what a client finds in a reply to its second request."""
    client = h2.connection.H2Connection()
    client.initiate_connection()
    for stream in (1, 3):
        fields = (':method', method), (':path', '/a'), (':scheme', 'http'), (':authority', 'b')
        client.send_headers(stream, fields, end_stream=True)
    return client.receive_data(reply)


@pytest.mark.parametrize('kind', sorted(set(StreamProtocol.errors) - set(EVENTS) - {
    'bad-header-block', 'frame-too-large', 'http1-answer', 'truncated', *OWN}))
def test_frames_of_each_failure_are_ones_that_the_library_takes(kind: str) -> None:
    exchange, fault = fault_of(kind)
    found = events(fault.reply + fault.after)
    assert sum(event.flow_controlled_length for event in found if isinstance(event, h2.events.DataReceived)) == fault.content
    answered = [event for event in found if isinstance(event, h2.events.ResponseReceived)]
    if fault.status:
        status = {'ws-refused': '503'}.get(kind, kind.removeprefix('ws-refused-'))
        assert dict(answered[0].headers)[b':status'] == status.encode() == b'%d' % exchange.note.status
        assert (b'retry-after' in dict(answered[0].headers)) == (status in ('503', '429'))
        assert any(isinstance(event, h2.events.StreamEnded) for event in found)
    assert any(isinstance(event, h2.events.StreamReset | h2.events.StreamEnded | h2.events.ConnectionTerminated
                          | h2.events.RemoteSettingsChanged) for event in found) == (fault.then != 'silence')


def test_response_to_head_has_no_page() -> None:
    exchange, fault = fault_of('503', b'HEAD')
    assert exchange.stage == BARE_STREAM
    assert [type(event) for event in events(fault.reply, 'HEAD')] == [h2.events.ResponseReceived, h2.events.StreamEnded]


@pytest.mark.parametrize('stage', ANY_STREAM)
def test_a_failure_fits_where_the_table_of_http_says_so(stage: str) -> None:
    exchange = Exchange(b'GET /', stage, True, Asked(1))
    protocol = HTTP()
    protocol.session = FakeSession()
    errors = protocol_of(protocol, exchange).errors
    fitting = {kind for kind in HTTP.errors if protocol.fits(kind, exchange)}
    assert fitting == {kind for kind, row in errors.items() if stage in row.stages}
    assert ('mid-reset' in fitting) == (stage in (STREAM, KEYED_STREAM))
    assert set(StreamProtocol.errors) == {*BOTH, *ERRORS, *EVENTS, *OWN, *REFUSED}
    assert not fitting & {'malformed-chunk', 'empty-response', 'slow-headers'}


def test_what_is_drawn_where_no_kind_is_named_concerns_one_stream_alone() -> None:
    drawn = [kind for kind, row in StreamProtocol.errors.items() if not row.only_named]
    for kind in drawn:
        _, fault = fault_of(kind)
        assert fault.drops not in (NOTHING, RESPONSE)
        assert (fault.settings, fault.then in ('', 'silence'), fault.after) == (0, True, b'')
    assert len(drawn) == 15


@pytest.mark.parametrize('more, name, stage, waits', [
    ([], b'GET /a', STREAM, False), ([(b'idempotency-key', b'1')], b'GET /a', KEYED_STREAM, False),
    ([(b'expect', b'100-continue')], b'GET /a', STREAM, True)], ids=['plain', 'keyed', 'waiting'])
def test_name_and_stage_of_a_request(more: list[tuple[bytes, bytes]], name: bytes, stage: str, waits: bool) -> None:
    exchange = exchange_of(1, fields(b'GET', *more))
    assert (exchange.name_as_sent, exchange.stage, exchange.note.waits) == (name, stage, waits)


def test_name_of_a_tunnel_is_where_it_leads_and_that_of_an_extended_one_its_path() -> None:
    tunnel = [(b':method', b'CONNECT', False), (b':authority', b'b:443', False)]
    assert exchange_of(1, tunnel).name == 'CONNECT b:443'
    assert exchange_of(1, [*tunnel, (b':protocol', b'websocket', False), (b':path', b'/chat', False)]).name == 'CONNECT /chat'


def test_on_a_connection_that_a_forward_proxy_has_opened_a_name_says_the_server():
    for path, name in ((b'/items?x=1', 'GET https://api.example/items?x=1'), (b'*', 'GET https://api.example')):
        asked = [(b':method', b'GET', False), (b':path', path, False)]
        assert exchange_of(1, asked, b'https://api.example').name == name
