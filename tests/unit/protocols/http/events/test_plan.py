"""What is planned for a stream, and which responses are none."""
import pytest

from vaurien.protocols.http.events.formats import Event
from vaurien.protocols.http.events.plan import CLEAN, CUT, ON, STALL, StreamFault, flow_of, spared

SSE = 'text/event-stream'


@pytest.mark.parametrize('fault, reframes', [
    (StreamFault(CUT), False), (StreamFault(STALL), False), (StreamFault(CLEAN), True), (StreamFault(CUT, (Event('a'),)), True),
    (StreamFault(ON, rate=2.0), False), (StreamFault(ON, (Event('a'),)), True)],
    ids=['cut', 'stall', 'short', 'error', 'slow', 'malformed'])
def test_a_length_that_was_told_holds_unless_something_is_said_or_missing(fault, reframes):
    assert fault.reframes == reframes


def test_what_is_said_is_written_as_the_stream_has_its_events():
    fault = StreamFault(CLEAN, (Event('a', 'error'), Event('b')), 0)
    assert flow_of(fault, SSE).said == b'event: error\ndata: a\n\ndata: b\n\n'
    assert flow_of(fault, 'application/jsonl').said == b'a\nb\n'
    assert flow_of(fault, 'application/json-seq').said == b'\x1ea\n\x1eb\n'


def test_a_flow_is_reached_when_so_many_events_have_passed():
    flow = flow_of(StreamFault(CUT, after=2), SSE)
    content = b'data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4'
    assert (flow.take(content, 0, 12), flow.reached) == (12, False)
    assert (flow.take(content, 12, 36), flow.reached) == (6, True)
    assert (flow.take(content, 18, 36), flow.reached) == (0, True)
    assert (flow.next_end(content, 18, 36), flow.next_end(content, 27, 34)) == (27, -1)
    assert flow_of(StreamFault(CUT, after=0), SSE).reached


@pytest.mark.parametrize('status, kind, coding, why', [
    (200, SSE, '', ''), (299, SSE, ' Identity ', ''), (300, SSE, '', 'its status is 300'), (199, SSE, '', 'its status is 199'),
    (200, 'text/css', '', 'it is no stream of events, but text/css'), (200, '', '', 'it is no stream of events, but of no type'),
    (200, SSE, 'br', 'its events are compressed with br')])
def test_only_a_stream_that_can_be_read_is_one(status, kind, coding, why):
    assert spared(status, kind, coding) == why
