"""Messages of gRPC are found where they end, in any slicing, and nothing else is one."""
import pytest

from tests.support.framing import randomly, single_bytes, whole
from vaurien.protocols.http.events.plan import ON, StreamFault, flow_of, spared
from vaurien.protocols.http.grpc.messages import messages_of

GRPC = 'application/grpc'
#: with flags; of no bytes; longer than a frame; with what looks like a prefix in it
PARTS = [bytes((flags,)) + len(content).to_bytes(4) + content for flags, content in (
    (0, b'a'), (1, b'abc'), (0, b''), (0, b''), (1, b'x' * 20_000), (0, bytes(700)), (0, b'\0\0\0\0\x05'), (0, b''))]
SLICERS = pytest.mark.parametrize('slicer', [whole, single_bytes, randomly(1, 3), randomly(2, 12), randomly(3)],
                                  ids=['whole', 'bytes', 'short', 'random', 'long'])


@SLICERS
def test_each_message_is_found_where_it_ends(slicer):
    messages, ends, before = messages_of(GRPC, 0), [], 0
    for piece in slicer(b''.join(PARTS)):
        at, data = 3, b'abc' + piece + bytes(9)     # more stands around what is looked at
        while (at := messages.find(data, at, 3 + len(piece))) >= 0:
            ends.append(before + at - 3)
        before += len(piece)
    assert ends == [sum(map(len, PARTS[:count])) for count in range(1, len(PARTS) + 1)]


@SLICERS
@pytest.mark.parametrize('limit', [0, 1, 3, 5, 8, 9])
def test_so_many_pass_and_nothing_of_the_next(limit, slicer):
    messages = messages_of(GRPC, limit)
    passed = sum(messages.take(b'ab' + piece + bytes(9), 2, 2 + len(piece)) for piece in slicer(b''.join(PARTS)))
    assert passed == sum(map(len, PARTS[:limit]))
    assert messages.left == max(limit - len(PARTS), 0)


def test_what_has_not_come_whole_is_no_message():
    for end in range(len(PARTS[1])):
        assert messages_of(GRPC, 0).find(PARTS[1], 0, end) == -1
    assert messages_of(GRPC, 0).find(PARTS[1], 0, len(PARTS[1])) == len(PARTS[1])


@pytest.mark.parametrize('kind, is_one', [
    (GRPC, True), ('application/grpc+proto', True), (' Application/gRPC;a=b', True),
    ('application/grpc-web', False), ('text/event-stream', False), ('application/x-ndjson', False), ('', False)])
def test_a_response_of_grpc_is_known_by_its_content_type(kind, is_one):
    assert (messages_of(kind, 1, ('application/x-ndjson', '')) is not None) == is_one


def test_a_fault_of_calls_happens_to_no_stream_of_events_and_the_other_way_round():
    of_calls, of_events = StreamFault(ON, after=0, rate=1.0, reads=messages_of), StreamFault(ON, after=0, rate=1.0)
    assert (spared(of_calls, 200, GRPC, ''), spared(of_events, 200, 'text/event-stream', '')) == ('', '')
    assert 'no stream of events' in spared(of_calls, 200, 'text/event-stream', '')
    assert 'no stream of events' in spared(of_events, 200, GRPC, '')
    flow = flow_of(of_calls, GRPC)
    assert flow.reached
    assert flow.next_end(PARTS[0] + PARTS[1], 0, 14) == len(PARTS[0])
