"""What kinds of files put on the wire: the same response in HTTP/1 and HTTP/2, and the end of a call."""
import h2.events
import msgspec
import pytest

from tests.support.framing import CLIENT, FakeSession, replay
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.formats import Event
from vaurien.protocols.http.events.plan import CLEAN, CUT, ENDS, ON, StreamFault
from vaurien.protocols.http.grpc.protocol import protocol_of
from vaurien.protocols.http.h2.heads import exchange_of
from vaurien.protocols.http.headers import BODY
from vaurien.protocols.http.providers.kinds import own, providers
from vaurien.protocols.http.providers.model import End
from vaurien.protocols.http.providers.reading import read

from ..h2.test_failures import events, fields
from ..messages import GET
from ..test_failures import received

HEAD = 'fields = ["X-A: common", "X-B: common"]\n[kinds.k]\ndescription = "It is."\ncategory = "A"\n'
RESPONSE = HEAD + 'status = 429\nfields = ["X-B: own", "Retry-After: 1", "Retry-After: 2"]\n'


def kind(text):
    return read(text.encode(), 'kinds.toml')[1]['k'].kind


def in_http_1(text):
    dialogue = replay(HTTP, [(CLIENT, GET)])
    return received(kind(text).build(dialogue.protocol, dialogue.exchanges[0]).reply)


def in_stream(text, *more):
    exchange = exchange_of(3, fields(b'POST' if more else b'GET', *more))
    parent = HTTP()
    parent.session = FakeSession()
    kind(text).build(protocol_of(parent, exchange), exchange)
    return exchange.note.fault


def said(reply):
    """Return the fields of the response in a stream, but for those that vaurien adds, and its body."""
    found = list(events(reply))
    headers = next(event.headers for event in found if isinstance(event, h2.events.ResponseReceived))
    return headers, b''.join(event.data for event in found if isinstance(event, h2.events.DataReceived))


@pytest.mark.parametrize('text, body, media', [
    (RESPONSE + 'json = \'{"a": null}\'', b'{"a": null}', 'application/json'),
    (RESPONSE.replace('"X-B', '"Content-Type: a/b", "X-B').replace('fields = ["Content-Type: a/b", "X-A', 'fields = ["X-A', 1)
     + 'json = "1"', b'1', 'a/b'),
    (RESPONSE + 'body = "caf\u00e9"', 'caf\u00e9'.encode(), None),
    (RESPONSE, b'', None),
])
def test_both_versions_have_the_fields_and_the_body_as_the_file_has_them(text, body, media):
    response = in_http_1(text)
    assert (response.status, response.read()) == (429, body)
    assert response.getheader('Content-Type') == media
    assert [(name, value) for name, value in response.getheaders() if name in ('X-A', 'X-B', 'Retry-After')] == [
        ('X-A', 'common'), ('X-B', 'own'), ('Retry-After', '1'), ('Retry-After', '2')]
    headers, content = said(in_stream(text).reply)
    own = {'Connection', 'Date'}
    assert content == body
    assert headers[0] == (b':status', b'429')
    assert [line for line in headers[1:] if line[0] != b'date'] == [
        (name.lower().encode(), value.encode()) for name, value in response.getheaders() if name not in own]


@pytest.mark.parametrize('text, fault', [
    ('end = "cut"', StreamFault(CUT, after=1)),
    ('end = "on"\nafter = 3\nsays = ["{}"]', StreamFault(ON, (Event('{}'),), 3)),
    ('end = "clean"\nafter = 0\nsays = ["event: error\\ndata: {}"]',
     StreamFault(CLEAN, (Event('event: error\ndata: {}', as_it_is=True),), 0)),
])
def test_a_stream_is_left_to_what_lets_streams_fail(text, fault):
    failure = kind(f'{HEAD}{text}').build(HTTP(), replay(HTTP, [(CLIENT, GET)]).exchanges[0])
    assert failure.request is None
    assert failure.half.fault == fault
    in_http_2 = in_stream(f'{HEAD}{text}')
    assert (in_http_2.drops, in_http_2.events.fault) == ('', fault)


def test_a_stream_can_end_in_all_ways_that_there_are():
    assert sorted(msgspec.json.schema(End)['enum']) == sorted(ENDS)


def test_a_call_ends_with_its_status_and_what_is_said_with_it():
    fault = in_stream(HEAD + 'call = "RESOURCE_EXHAUSTED"\nmessage = "100 % of caf\u00e9"\nfields = ["X-Own: 1"]',
                      (b'content-type', b'application/grpc'))
    headers, content = said(fault.reply)
    found = dict(headers)
    assert (found[b':status'], found[b'grpc-status'], found[b'x-own'], content) == (b'200', b'8', b'1', b'')
    assert found[b'grpc-message'] == b'100 %25 of caf%C3%A9'
    assert b'x-a' not in found, 'what all responses have is no part of a call'


@pytest.mark.parametrize('provider', providers())
def test_all_that_come_with_vaurien_say_the_same_in_both_versions(provider):
    for name, row in own(provider)[1].items():
        if BODY not in row.kind.stages or row.kind.build.__qualname__.startswith('stream_kind'):
            continue
        dialogue = replay(HTTP, [(CLIENT, GET)])
        response = received(row.kind.build(dialogue.protocol, dialogue.exchanges[0]).reply)
        exchange = exchange_of(3, fields(b'GET'))
        parent = HTTP()
        parent.session = FakeSession()
        row.kind.build(protocol_of(parent, exchange), exchange)
        headers, content = said(exchange.note.fault.reply)
        assert content == response.read(), name
        assert headers[0] == (b':status', b'%d' % response.status), name
        told = [(field.lower().encode(), value.encode()) for field, value in response.getheaders()]
        assert [line for line in headers[1:] if line[0] != b'date'] == [
            line for line in told if line[0] not in (b'connection', b'date')], name
