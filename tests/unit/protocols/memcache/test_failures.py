"""The failures of memcached: where each fits, in both protocols, and what a real server says in its place."""
import pytest

from tests.support.framing import BACKEND, CLIENT, replay
from tests.unit.protocols.memcache.test_memcache import RECORDED, packet
from vaurien.protocols.base import Exchange
from vaurien.protocols.memcache import Memcache
from vaurien.protocols.memcache.failures import KINDS, ROWS
from vaurien.protocols.message import Failure

RECORDED_BYTES = b''.join(data for turns in RECORDED.values() for sender, data in turns if sender == BACKEND)
OPAQUE = b'\xde\xad\xbe\xef'


def built(request: bytes, kind: str) -> Failure:
    dialogue = replay(Memcache, [(CLIENT, request)])
    exchange = dialogue.exchanges[-1]
    assert dialogue.protocol.fits(kind, exchange)
    return KINDS[kind].build(dialogue.protocol, exchange)


SET, GET, INCR = b'set a 0 0 1\r\nx\r\n', b'get a\r\n', b'incr a 1\r\n'
TEXT = [
    ('out-of-memory', SET, b'SERVER_ERROR out of memory storing object\r\n'),
    ('out-of-memory', b'ms a 1 q\r\nx\r\n', b'SERVER_ERROR out of memory storing object\r\n'),
    ('out-of-memory', GET, b'SERVER_ERROR out of memory writing get response\r\n'),
    ('out-of-memory', INCR, b'SERVER_ERROR out of memory\r\n'),
    ('server-error', GET, b'SERVER_ERROR backend failure\r\n'),
    ('error', GET, b'ERROR\r\n'), ('error', b'version\r\n', b'ERROR\r\n'),
    ('client-error', SET, b'CLIENT_ERROR bad command line format\r\n'),
    ('object-too-large', SET, b'SERVER_ERROR object too large for cache\r\n'),
    ('non-numeric', INCR, b'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n'),
    ('unauthenticated', GET, b'CLIENT_ERROR unauthenticated\r\n'),
    ('busy', b'lru_crawler crawl all\r\n', b'BUSY currently processing crawler request\r\n'),
    ('busy', b'slabs reassign 1 2\r\n', b'BUSY currently processing reassign request\r\n'),
]


@pytest.mark.parametrize('kind, request_, reply', TEXT)
def test_failure_of_the_text_protocol_is_a_line(kind: str, request_: bytes, reply: bytes) -> None:
    assert built(request_, kind) == Failure(reply)


BINARY = [
    ('out-of-memory', 0x01, 0x82, b'Out of memory allocating item'),
    ('out-of-memory', 0x11, 0x82, b'Out of memory allocating item'),
    ('out-of-memory', 0x05, 0x82, b'Out of memory incrementing value'), ('server-error', 0x00, 0x84, b'Internal error'),
    ('error', 0x00, 0x81, b'Unknown command'), ('client-error', 0x00, 0x04, b'Invalid arguments'),
    ('object-too-large', 0x01, 0x03, b'Too large.'),
    ('non-numeric', 0x06, 0x06, b'Non-numeric server-side value for incr or decr'),
    ('unauthenticated', 0x21, 0x20, b'Auth failure.'), ('busy', 0x09, 0x85, b'Busy'),
    ('temporary-failure', 0x00, 0x86, b'Temporary failure'),
]


@pytest.mark.parametrize('kind, opcode, status, text', BINARY)
def test_failure_of_the_binary_protocol_is_a_packet_with_the_opaque_of_the_request(
        kind: str, opcode: int, status: int, text: bytes) -> None:
    reply = packet(opcode, value=text, opaque=OPAQUE, status=status, magic=0x81)
    assert built(packet(opcode, b'a', b'\0' * 8, b'x', opaque=OPAQUE), kind) == Failure(reply)


@pytest.mark.parametrize('said', [
    b'SERVER_ERROR out of memory storing object\r\n', b'SERVER_ERROR object too large for cache\r\n', b'ERROR\r\n',
    b'CLIENT_ERROR bad command line format\r\n', b'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n'])
def test_line_is_what_the_real_server_says(said: bytes) -> None:
    lines = {line.encode() + b'\r\n' for row in ROWS.values() for line in row.text.values()}
    assert said in lines
    assert said in RECORDED_BYTES, f'record a server that says this, with python -m tests.corpus: {said!r}'


@pytest.mark.parametrize('kind, stage', [('out-of-memory', 'store'), ('object-too-large', 'store'), ('client-error', 'get'),
                                         ('non-numeric', 'arith')])
def test_packet_says_what_the_real_server_says(kind: str, stage: str) -> None:
    row = ROWS[kind]
    text = row.binary[stage].encode()
    assert bytes([0, row.status]) + len(text).to_bytes(4, 'big') in RECORDED_BYTES
    assert text in RECORDED_BYTES, f'record a server that says this, with python -m tests.corpus: {text!r}'


QUIET = b'mg none v q\r\n'
BINARY_NOOP = packet(0x0a, opaque=OPAQUE)


@pytest.mark.parametrize('asked, stand_in', [
    (QUIET + b'mn\r\n', b'mn\r\n'), (QUIET + GET, b'mn\r\n'), (QUIET + SET, b'mn\r\n'), (QUIET + QUIET, b'mn\r\n'),
    (GET + b'mn\r\n', b''), (QUIET + b'mn\r\n' + GET, b''), (QUIET + b'set a 0 0 1 noreply\r\nx\r\n' + GET, b'mn\r\n'),
    (packet(0x09, b'a') + packet(0x0a, opaque=OPAQUE), BINARY_NOOP),
    (packet(0x09, b'a') + packet(0x00, b'a', opaque=OPAQUE), BINARY_NOOP),
    (packet(0x00, b'a') + packet(0x0a, opaque=OPAQUE), b'')])
def test_what_fails_after_quiet_requests_is_a_noop_for_the_backend(asked: bytes, stand_in: bytes) -> None:
    dialogue = replay(Memcache, [(CLIENT, asked)])
    *before, failing = dialogue.exchanges
    dialogue.protocol.queue.pop()
    dialogue.protocol.replace(failing, Failure(b'error'))
    assert failing.failure == Failure(b'error', stand_in)
    dialogue.protocol.queue.append(failing)
    if stand_in:
        told = {b'mn\r\n': b'MN\r\n'}.get(stand_in, packet(0x0a, opaque=OPAQUE, magic=0x81))
        dialogue.feed(BACKEND, told)
        assert [message.name for message in dialogue.messages[-2:]] == [before[0].name, failing.name]
        assert not dialogue.protocol.queue


def test_a_noop_takes_the_place_of_the_first_of_several_failures_only() -> None:
    dialogue = replay(Memcache, [(CLIENT, QUIET + GET)])
    first = dialogue.protocol.queue.pop()
    dialogue.protocol.replace(first, Failure(b'error'))
    dialogue.protocol.queue.append(first)
    dialogue.feed(CLIENT, QUIET)
    second = dialogue.protocol.queue.pop()
    dialogue.protocol.replace(second, Failure(b'error'))
    assert (first.failure, second.failure) == (Failure(b'error', b'mn\r\n'), Failure(b'error'))


FITS = [
    ('out-of-memory', b'delete a\r\n', False), ('object-too-large', GET, False), ('non-numeric', SET, False),
    ('busy', GET, False),
    ('temporary-failure', GET, False), ('temporary-failure', packet(0, b'a'), True), ('busy', packet(0, b'a'), True),
    ('out-of-memory', packet(0, b'a'), False), ('error', b'quit\r\n', False), ('error', packet(0x07), False),
    ('out-of-memory', b'set a 0 0 1 noreply\r\nx\r\n', False), ('error', packet(0x0a), True), ('error', b'mn\r\n', True),
    ('server-error', b'mn\r\n', False), ('out-of-memory', packet(0x17), False), ('out-of-memory', b'stats\r\n', True),
    ('too-many-connections', GET, False), ('error', b'no such command\r\n', False),
]


@pytest.mark.parametrize('kind, request_, fits', FITS)
def test_kind_appears_only_where_the_server_has_it(kind: str, request_: bytes, fits: bool) -> None:
    dialogue = replay(Memcache, [(CLIENT, request_)])
    assert dialogue.protocol.fits(kind, dialogue.exchanges[-1]) is fits


@pytest.mark.parametrize('kind', KINDS)
def test_opening_fails_only_as_openings_do(kind: str) -> None:
    assert Memcache({}).fits(kind, Exchange(b'connect', 'connect')) is (kind == 'too-many-connections')


def test_client_too_many_is_told_what_the_server_tells_and_sent_away() -> None:
    failure = KINDS['too-many-connections'].build(Memcache({}), Exchange(b'connect', 'connect'))
    assert [(BACKEND, failure.reply)] == RECORDED['too-many-connections']
    assert failure.end == 'close'


@pytest.mark.parametrize('name', KINDS)
def test_each_kind_has_a_description_of_one_sentence(name: str) -> None:
    assert KINDS[name].description.endswith('.')
    assert KINDS[name].description[0].isupper()
