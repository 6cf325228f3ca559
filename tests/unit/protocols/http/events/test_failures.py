"""The kinds of streams: where they fit, and what their options make of them."""
import pytest

from tests.support.framing import CLIENT, replay
from vaurien.protocols.failure import Failure
from vaurien.protocols.http import HTTP
from vaurien.protocols.http.events.failures import ERRORS, stream_kind
from vaurien.protocols.http.events.formats import Event
from vaurien.protocols.http.events.plan import CLEAN, CUT, ENDS, ON, RESET, STALL, StreamFault

from ..messages import CONNECT, GET, HEAD, POST, UPGRADE, request

ENDINGS = {'stream-cut': CUT, 'stream-reset': RESET, 'stream-short': CLEAN, 'stream-stall': STALL, 'stream-slow': ON,
           'stream-error': CLEAN, 'stream-malformed': ON}


def fault_of(kind, asked=GET, **settings):
    dialogue = replay(HTTP, [(CLIENT, asked)], **settings)
    exchange, = dialogue.exchanges
    assert dialogue.protocol.fits(kind, exchange)
    failure = HTTP.errors[kind].build(dialogue.protocol, exchange)
    assert failure == Failure(request=None, half=failure.half)
    assert not failure.half.reported
    return failure.half.fault


def test_every_kind_comes_only_by_its_name():
    assert set(ERRORS) == set(ENDINGS)
    assert all(row.only_named for row in ERRORS.values())


@pytest.mark.parametrize('kind', ENDINGS)
def test_a_kind_ends_a_stream_as_it_says(kind):
    fault = fault_of(kind)
    assert (fault.end, fault.after, fault.rate) == (ENDINGS[kind], 1, 1.0 if kind == 'stream-slow' else 0)
    assert fault.end in ENDS
    assert bool(fault.says) == (kind in ('stream-error', 'stream-malformed'))
    assert fault_of(kind, stream_after=0, stream_rate=9.5)[2:5] == (0, 9.5 if kind == 'stream-slow' else 0, ())
    assert fault_of(kind, stream_types='application/JSON, text/x').types == ('application/json', 'text/x')


@pytest.mark.parametrize('text, event', [
    ('overloaded', Event('overloaded', 'error')), ('event: x\ndata: {}', Event('event: x\ndata: {}', '', True)),
    ('{"data": 1}', Event('{"data": 1}', 'error'))])
def test_the_text_of_an_error_is_the_users(text, event):
    assert fault_of('stream-error', stream_error=text).says == (event,)


@pytest.mark.parametrize('asked', [GET, POST, UPGRADE, request('GET', version='1.0')], ids=['GET', 'POST', 'upgrade', 'HTTP/1.0'])
def test_a_kind_fits_every_request_whose_response_may_have_content(asked):
    assert [fault_of(kind, asked).end for kind in ENDINGS] == list(ENDINGS.values())


@pytest.mark.parametrize('asked', [HEAD, CONNECT], ids=['HEAD', 'CONNECT'])
def test_a_kind_fits_no_request_whose_response_has_none(asked):
    dialogue = replay(HTTP, [(CLIENT, asked)])
    exchange, = dialogue.exchanges
    assert not any(dialogue.protocol.fits(kind, exchange) for kind in ENDINGS)


def test_a_row_is_all_that_a_kind_of_ones_own_takes():
    says = Event('{"type": "error"}', 'error'), Event('[DONE]')
    row = stream_kind("A service fails.", StreamFault(STALL, says, 3), 'D', 'server', ('529',))
    dialogue = replay(HTTP, [(CLIENT, GET)])
    half = row.build(dialogue.protocol, *dialogue.exchanges).half
    assert half.fault == StreamFault(STALL, says, 3)
    assert (row.category, row.scope, row.codes, row.only_named) == ('D', 'server', ('529',), True)
    asked = stream_kind("Another.", lambda protocol: StreamFault(CUT, (Event(protocol.option('stream_error')),)))
    assert asked.build(dialogue.protocol, *dialogue.exchanges).half.fault.after == 1
