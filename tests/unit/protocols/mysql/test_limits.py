"""Where MySQL is not followed any further, and how large it may be: packets of 16 MB, bodies that are not read."""
import pytest

from tests.support.framing import BACKEND, CLIENT, Turn, replay, same_in_every_slicing
from tests.support.mysql_talk import (
    COLUMN,
    COMMON,
    COMPRESS,
    EOF,
    ERR,
    OK,
    OPTIONAL_METADATA,
    SSL,
    ZSTD,
    ask,
    execute,
    greeting,
    login,
    opened,
    packet,
    packets,
    query,
)
from vaurien.protocols.message import MAX_HELD_BYTES, MAX_NAME_BYTES
from vaurien.protocols.mysql import MySQL
from vaurien.protocols.mysql.calls import MAX_STATEMENTS

FULL = 0xFFFFFF
SELECT: list[Turn] = [
    (CLIENT, query(b'SELECT 1')), (BACKEND, packets(b'\x01', COLUMN, EOF, b'\x011', EOF))]


# -- what is not followed

#: (turns, sender who is not followed, why)
UNKNOWN: dict[str, tuple[list[Turn], str, str]] = {
    'TLS': ([(BACKEND, greeting()), (CLIENT, packet(1, login(COMMON | SSL)[4:36])), (CLIENT, b'\x16\x03\x01...')], CLIENT, 'TLS'),
    'a client of before 4.1': ([(BACKEND, greeting()), (CLIENT, packet(1, b'\x85\x24\0\0\0ann\0secret'))], CLIENT, 'older'),
    'a client that speaks first': ([(CLIENT, b'PROXY TCP4 192.0.2.1 192.0.2.2 1 3306\r\n')], CLIENT, 'before the server'),
    'a capability of tomorrow': ([(BACKEND, greeting(-2)), (CLIENT, login(COMMON & ~1 | 1 << 40))], CLIENT, 'capabilities'),
    'no EOF and perhaps no columns': (
        [(BACKEND, greeting()), (CLIENT, login(COMMON | OPTIONAL_METADATA))], CLIENT, 'capabilities'),
    'a greeting of version 9': ([(BACKEND, packet(0, b'\x093.20\0' + bytes(20)))], BACKEND, 'greets'),
    'the greeting of something else': ([(BACKEND, b'220 mx.test ESMTP\r\n')], BACKEND, 'greets'),
    'an error without end': ([(BACKEND, b'\xff\xff\xff\0\xff' + b'.' * MAX_HELD_BYTES)], BACKEND, f'{MAX_HELD_BYTES} bytes'),
    'a short greeting': ([(BACKEND, packet(0, b'\x0a8.0\0abc'))], BACKEND, 'cut short'),
    'replication': (opened() + [(CLIENT, ask(0x12, bytes(20)))], CLIENT, '0x12'),
    'an unknown command': (opened() + [(CLIENT, ask(0x77))], CLIENT, '0x77'),
    'a command out of order': (opened() + [(CLIENT, packet(1, b'\x0e'))], CLIENT, 'has not begun'),
    'a statement without its id': (opened() + [(CLIENT, ask(0x19, b'\x01'))], CLIENT, 'without the id'),
    'a short execution': (opened() + [(CLIENT, ask(0x17, b'\x01\0\0\0'))], CLIENT, 'cut short'),
    'an answer to nothing': (opened() + [(BACKEND, packet(1, OK))], BACKEND, 'to nothing'),
    'too many columns': (opened() + [(CLIENT, query(b'S')), (BACKEND, packet(1, b'\xfd\0\0\x01'))], BACKEND, 'columns'),
    'columns with more': (opened() + [(CLIENT, query(b'S')), (BACKEND, packet(1, b'\x01' + b'.' * 20))], BACKEND, 'columns'),
    'no EOF after the columns': (
        opened() + [(CLIENT, query(b'S')), (BACKEND, packets(b'\x01', COLUMN, b'\x011'))], BACKEND, 'no EOF'),
    'an OK without a status': (opened() + [(CLIENT, query(b'S')), (BACKEND, packet(1, b'\0\0\0'))], BACKEND, 'status'),
    'an OK that is all numbers': (
        opened() + [(CLIENT, query(b'S')), (BACKEND, packet(1, b'\0\xfe' + b'.' * 5))], BACKEND, 'status'),
    'an EOF without a status': (
        opened() + [(CLIENT, query(b'S')), (BACKEND, packets(b'\x01', COLUMN, EOF, b'\xfe'))], BACKEND, 'status'),
    'a strange answer to a preparation': (
        opened() + [(CLIENT, ask(0x16, b'S')), (BACKEND, packet(1, b'\0\x01\0\0\0'))], BACKEND, 'prepared'),
}


@pytest.mark.parametrize('case', UNKNOWN)
def test_what_is_not_known_is_relayed_unread(case: str) -> None:
    talk, sender, why = UNKNOWN[case]
    dialogue = same_in_every_slicing(MySQL, talk)

    assert why in dialogue.opaque[sender]
    assert dialogue.tail[sender]


@pytest.mark.parametrize('bit', [COMPRESS, ZSTD])
def test_compression_begins_after_the_login(bit: int) -> None:
    packed = b'\x0f\0\0\0\0\0\0' + query(b'SELECT 1')
    dialogue = same_in_every_slicing(MySQL, [*opened(COMMON | bit), (CLIENT, packed), (BACKEND, b'\x08\0\0\x01\0\0\0...')])

    assert [message.data for message in dialogue.messages] == [data for _, data in opened(COMMON | bit)]
    assert all('compressed' in why for why in dialogue.opaque.values())


def test_compression_is_not_waited_for() -> None:
    dialogue = replay(MySQL, opened(COMMON | COMPRESS))

    assert 'compressed' in dialogue.opaque[BACKEND]
    assert not replay(MySQL, opened(COMMON | COMPRESS, server=~COMPRESS)).opaque[BACKEND]


def test_refused_login_compresses_nothing() -> None:
    talk = [(BACKEND, greeting()), (CLIENT, login(COMMON | COMPRESS)), (BACKEND, packet(2, ERR))]

    assert replay(MySQL, talk).opaque == {CLIENT: '', BACKEND: ''}


def test_responses_before_replication_are_still_found() -> None:
    dump = ask(0x12, bytes(20))
    dialogue = replay(MySQL, [*opened(), (CLIENT, query(b'SET x') + dump), (BACKEND, packet(1, OK) + packet(1, b'event'))])

    assert dialogue.messages[-1] == (BACKEND, 'SET x', packet(1, OK))
    assert dialogue.tail == {CLIENT: dump, BACKEND: packet(1, b'event')}


# -- sizes

def slices(data: bytes) -> list[bytes]:
    """Pieces of 4 MB and a bit, so that headers are cut too."""
    size = (1 << 22) + 1
    return [data[at:at + size] for at in range(0, len(data), size)]


def large(first: bytes, size: int, number: int = 0) -> bytes:
    """The packets of a payload of so many bytes."""
    payload, found = first + b'.' * (size - len(first)), []
    for at in range(0, size + 1, FULL):
        found.append(packet(number + len(found), payload[at:at + FULL]))
    return b''.join(found)


@pytest.mark.parametrize('size', [FULL - 1, FULL, FULL + 1, 2 * FULL, 2 * FULL + 9])
def test_requests_of_16_megabytes_are_one_message(size: int) -> None:
    request = large(b'\x03SELECT ', size)
    answer = packets(b'\x01', COLUMN, EOF, b'\x011', EOF, first=1 + size // FULL)
    dialogue = replay(MySQL, [*opened(), (CLIENT, request), (BACKEND, answer), *SELECT], slices)

    name = ('SELECT ' + '.' * MAX_NAME_BYTES)[:MAX_NAME_BYTES]
    assert [(message.name, len(message.data)) for message in dialogue.messages[3:]] == [
        (name, len(request)), (name, len(answer)), *(('SELECT 1', len(data)) for _, data in SELECT)]
    assert dialogue.exchanges[1].stage == ('large' if size >= FULL else 'query')


@pytest.mark.parametrize('size', [FULL - 1, FULL, FULL + 5, 2 * FULL])
def test_rows_of_16_megabytes_are_passed(size: int) -> None:
    row = large(b'\xfe' + size.to_bytes(8, 'little'), size, 4)      # what goes on looks like anything
    answer = packets(b'\x01', COLUMN, EOF) + row.replace(b'....', b'\xff\xfe\x00.') + packets(b'\x011', EOF, first=6)
    dialogue = replay(MySQL, [*opened(), (CLIENT, query(b'S')), (BACKEND, answer), *SELECT], slices)

    assert [len(message.data) for message in dialogue.messages[4:]] == [len(answer), *(len(data) for _, data in SELECT)]
    assert dialogue.opaque[BACKEND] == ''


@pytest.mark.parametrize('size', [FULL, FULL + 1])
def test_files_of_16_megabytes_end_with_an_empty_packet_of_their_own(size: int) -> None:
    file = large(b'1,2\n', size, 2)
    dialogue = replay(MySQL, [
        *opened(), (CLIENT, query(b'LOAD')), (BACKEND, packet(1, b'\xfba.csv')), (CLIENT, file), (CLIENT, packet(4, b'')),
        (BACKEND, packet(5, OK)), *SELECT], slices)

    assert [len(message.data) for message in dialogue.messages[4:]] == [
        len(file), 4, len(packet(1, b'\xfba.csv') + packet(5, OK)), *(len(data) for _, data in SELECT)]


def test_body_is_not_looked_at() -> None:
    dialogue = replay(MySQL, opened())
    request = query(b'INSERT ' + b'x' * 1_000_000)
    parts = list(dialogue.protocol.request_cutter.cut(request[:5000]))

    name = ('INSERT ' + 'x' * MAX_NAME_BYTES)[:MAX_NAME_BYTES]
    assert [(end, exchange.name, done) for end, exchange, done in parts] == [(5000, name, False)]
    assert dialogue.protocol.request_cutter.framer.rest == len(request) - 5000


def test_request_is_named_as_soon_as_it_can_be() -> None:
    dialogue = replay(MySQL, opened())
    cutter = dialogue.protocol.request_cutter
    data = ask(0x18, b'\x07\0\0\0\0\0' + b'x' * 10_000)

    assert list(cutter.cut(data[:8])) == []
    assert [exchange.name for _, exchange, _ in cutter.cut(data[8:9])] == ['COM_STMT_SEND_LONG_DATA 7']


def test_statements_that_are_known_are_not_without_number() -> None:
    dialogue = replay(MySQL, opened())
    for number in range(MAX_STATEMENTS + 1):
        dialogue.feed(CLIENT, ask(0x16, b'DO %d' % number))
        dialogue.feed(BACKEND, packet(1, b'\0' + number.to_bytes(4, 'little') + bytes(7)))
    for number in (0, 1, MAX_STATEMENTS):
        dialogue.feed(CLIENT, execute(number))

    assert [exchange.name for exchange in dialogue.exchanges[-3:]] == ['COM_STMT_EXECUTE 0', 'DO 1', f'DO {MAX_STATEMENTS}']
