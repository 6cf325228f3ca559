"""HTTP as generated, mutated and made up of pieces: the same messages in any slicing, or none; no byte ever changes."""
from typing import Any

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import conversations
from tests.support.framing import BACKEND, CLIENT, Dialogue, Message, Slicer, Turn, randomly, replay, single_bytes, whole
from vaurien.protocols.http import HTTP

NAMES = ('X', 'Accept', 'X-Content-Length', 'Content-Length-Of-It', 'Date', 'TE', 'Trailer', "!#$%&'*+-.^_`|~9z")
values = st.text(st.characters(codec='latin-1', exclude_characters='\r\n\0'), max_size=20)
fields = st.lists(st.builds('{}:{}'.format, st.sampled_from(NAMES), values), max_size=3)
contents = st.binary(max_size=60)
slicers = st.one_of(st.just(single_bytes), st.builds(randomly, st.integers(0, 2**32), st.integers(1, 100)))


def head(first: str, lines: list[str]) -> bytes:
    return '\r\n'.join((first, *lines, '', '')).encode('latin-1')


@st.composite
def chunked(draw: Any) -> bytes:
    """A chunked body with all that it may have."""
    body = b''
    for data in draw(st.lists(st.binary(min_size=1, max_size=30), max_size=4)):
        size = b'%0*x' % (draw(st.integers(1, 5)), len(data))
        body += size.upper() + draw(st.sampled_from((b'', b' ', b';a=b', b'; a="\xff;"'))) + b'\r\n' + data + b'\r\n'
    return body + b'0' * draw(st.integers(1, 5)) + b'\r\n' + head('', draw(fields))[2:]


@st.composite
def bodies(draw: Any) -> tuple[list[str], bytes]:
    """The fields that tell a body's length, and the body."""
    if draw(st.booleans()):
        coding = draw(st.sampled_from(('Transfer-Encoding: chunked', 'TRANSFER-ENCODING:\tgzip ,Chunked ')))
        return [coding], draw(chunked())
    body = draw(contents)
    return [draw(st.sampled_from(('Content-Length: {}', 'content-length:\t{} '))).format(len(body))], body


@st.composite
def asked(draw: Any) -> tuple[str, bytes]:
    """A request and its name."""
    method = draw(st.sampled_from(('GET', 'HEAD', 'POST', 'X-Y')))
    target = draw(st.sampled_from(('/', '/a?b=c&d', '*')))
    lengths, body = draw(bodies()) if draw(st.booleans()) else ([], b'')
    return f'{method} {target}', head(f'{method} {target} HTTP/1.1', [*draw(fields), *lengths, *draw(fields)]) + body


@st.composite
def answered(draw: Any, name: str) -> list[tuple[str | None, bytes]]:
    """The responses to a request: interim ones, then the final one."""
    interim = st.builds(lambda code, lines: (None, head(f'HTTP/1.1 {code} Wait', lines)),
                        st.sampled_from((100, 102, 103)), fields)
    status = draw(st.sampled_from((200, 204, 206, 304, 404, 500)))
    lengths, body = draw(bodies())
    bare = status in (204, 304) or name.startswith('HEAD ')
    final = head(f'HTTP/1.1 {status} {draw(values)}', [*draw(fields), *lengths]) + (b'' if bare else body)
    return [*draw(st.lists(interim, max_size=2)), (name, final)]


@st.composite
def dialogues(draw: Any) -> tuple[list[Turn], list[Message]]:
    """Pipelines of requests, each followed by its responses: the turns and the messages."""
    turns: list[Turn] = []
    messages: list[Message] = []
    for pipeline in draw(st.lists(st.lists(asked(), min_size=1, max_size=3), min_size=1, max_size=3)):
        requests = [Message(CLIENT, name, data) for name, data in pipeline]
        answers = [Message(BACKEND, *answer) for name, _ in pipeline for answer in draw(answered(name))]
        messages += requests + answers
        turns += [(CLIENT, b''.join(request.data for request in requests)),
                  (BACKEND, b''.join(answer.data for answer in answers))]
    return turns, messages


def state(dialogue: Dialogue) -> tuple[object, ...]:
    """What must not depend on the slicing; after the last response to an opaque client the backend is opaque, too."""
    opaque = {sender: bool(reason) for sender, reason in dialogue.opaque.items()}
    opaque[BACKEND] |= opaque[CLIENT] and not dialogue.protocol.queue
    return dialogue.messages, opaque, dialogue.tail, [exchange.name for exchange in dialogue.exchanges]


@settings(max_examples=100)
@given(dialogues(), slicers, st.booleans())
def test_generated_conversation_gives_its_messages(
        conversation: tuple[list[Turn], list[Message]], slicer: Slicer, editing: bool) -> None:
    turns, messages = conversation
    for cut in (whole, slicer):
        dialogue = replay(HTTP, turns, cut, overwrite_host_header=editing)
        assert dialogue.messages == messages
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert dialogue.protocol.reusable()


RECORDED = list(conversations('http').values())
#: what changes the meaning of HTTP where it is put in
PIECES = (
    b'\r\n', b'\n', b'\r', b'\r\n\r\n', b' ', b':', b';', b'\t', b'\0', b'\xff', b'a', b'1', b'X: y\r\n', b'5;x\r\n',
    b'3\r\nabc\r\n', b'0\r\n\r\n', b'Content-Length: 3\r\n', b'Transfer-Encoding: chunked\r\n', b'Upgrade: x\r\n',
    b'Connection: close\r\n', b'Connection: keep-alive\r\n', b'GET / HTTP/1.1\r\n', b'HEAD / HTTP/1.1\r\n', b'POST /',
    b'CONNECT a:1 HTTP/1.1\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\n', b'HTTP/1.1', b'HTTP/1.1 200 OK\r\n',
    b'HTTP/1.0 100 \r\n', b'HTTP/1.1 101 x\r\n\r\n')


@st.composite
def mutated(draw: Any) -> list[Turn]:
    """A real or a generated conversation in which some bytes are lost, changed, doubled or put in."""
    turns = draw(st.one_of(st.sampled_from(RECORDED), dialogues().map(lambda pair: pair[0])))
    result = list(turns)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(result) - 1))
        sender, data = result[place]
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 4, len(data))))
        result[place] = sender, data[:start] + draw(st.sampled_from((b'', data[start:end] * 2, *PIECES))) + data[end:]
    return result


@settings(max_examples=100)
@given(mutated(), slicers)
def test_mutated_conversation_gives_the_same_in_any_slicing(turns: list[Turn], slicer: Slicer) -> None:
    assert state(replay(HTTP, turns, slicer)) == state(replay(HTTP, turns))


pieces = st.lists(st.sampled_from(PIECES), max_size=12).map(b''.join)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from((CLIENT, BACKEND)), pieces), max_size=6), slicers)
def test_pieces_of_http_give_the_same_in_any_slicing(turns: list[Turn], slicer: Slicer) -> None:
    assert state(replay(HTTP, turns, slicer)) == state(replay(HTTP, turns))


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from((CLIENT, BACKEND)), st.binary(max_size=40)), max_size=6), slicers)
def test_any_bytes_give_the_same_in_any_slicing(turns: list[Turn], slicer: Slicer) -> None:
    assert state(replay(HTTP, turns, slicer)) == state(replay(HTTP, turns))


def end_by_h11(data: bytes, before: bytes = b'') -> int | None:
    """Return where another reader of HTTP/1.1 sees the first message end; None: it refuses, or waits for more.

    Args:
        data: What is read: requests, or responses where ``before`` is given.
        before: The request that they belong to, without a body.
    """
    reader = h11.Connection(h11.CLIENT if before else h11.SERVER)
    if before:
        method, target, _ = before.split(b' ', 2)
        reader.send(h11.Request(method=method, target=target, headers=[('Host', 'a')]))
        reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    try:
        while (event := reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.EndOfMessage):
                return len(data) - len(reader.trailing_data[0])
    except h11.RemoteProtocolError:
        pass
    return None


@settings(max_examples=200)
@given(st.one_of(asked().map(lambda pair: pair[1]), pieces), st.sampled_from(PIECES), st.integers(0, 300))
def test_request_that_another_reader_accepts_too_ends_where_it_says(data: bytes, piece: bytes, place: int) -> None:
    data = data[:place] + piece + data[place:]
    said = end_by_h11(data + b'GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
    messages = replay(HTTP, [(CLIENT, data)]).messages

    if said is not None and messages and messages[0].name is not None:
        assert len(messages[0].data) == said


GET, HEAD = (b'%b / HTTP/1.1\r\nHost: a\r\n\r\n' % method for method in (b'GET', b'HEAD'))


@settings(max_examples=200)
@given(st.sampled_from((GET, HEAD)), st.data(), st.sampled_from(PIECES), st.integers(0, 300))
def test_response_that_another_reader_accepts_too_ends_where_it_says(
        before: bytes, source: Any, piece: bytes, place: int) -> None:
    data = source.draw(answered('HEAD /' if before is HEAD else 'GET /'))[-1][1]
    data = data[:place] + piece + data[place:]
    said = end_by_h11(data + b'HTTP/1.1 200 OK\r\n', before)
    messages = [message for message in replay(HTTP, [(CLIENT, before), (BACKEND, data)]).messages
                if message.sender == BACKEND and message.name is not None]

    if said is not None and messages:
        assert len(messages[0].data) == said
