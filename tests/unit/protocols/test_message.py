"""What a framer knows of the message under way: its exchange and whether it is open, kept by the cutter. What waiting costs."""
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from tests.support import mysql_talk, postgres_talk
from tests.support.framing import BACKEND, CLIENT, Turn, randomly, replay
from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.http import HTTP
from vaurien.protocols.memcache import Memcache
from vaurien.protocols.message import EXCHANGE_BYTES, MAX_PASSED_BYTES, Cutter, Failure, Framer, MessageProtocol, Part
from vaurien.protocols.mysql import MySQL
from vaurien.protocols.mysql.calls import CURSOR, Call
from vaurien.protocols.postgres import PostgreSQL
from vaurien.protocols.redis import Redis
from vaurien.protocols.smtp import SMTP


class Words(Framer[Any]):
    """Finds words that a space ends; a word may come in pieces. Notes what it knows of itself after each part."""

    def __init__(self, protocol: Any = None) -> None:
        super().__init__(protocol)
        self.known: list[tuple[str, bool]] = []

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        while start < len(data):
            end = data.find(b' ', start) + 1 or len(data)
            exchange = self.owner if self.open else Exchange(data[start:end].strip())
            if data[start:end] == b'! ':
                raise ProtocolError('no word')
            yield end, exchange, data[end - 1:end] == b' '
            self.known.append((self.owner.name if self.owner else '', self.open))
            start = end

    def end(self) -> bool:
        return True


class Change(Framer[Any]):
    """Leaves the stream to another framer at its first byte."""

    cutter: Cutter

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        return self.cutter.follow(Words()).scan(data, start)


class Notices(Framer[Any]):
    """Takes each byte for a part: a letter of the exchange, which ``Z`` completes; else of a notice, which ``.`` completes."""

    asked = Exchange(b'asked')

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        for at in range(start, len(data)):
            letter = data[at:at + 1]
            yield at + 1, self.asked if letter.isalpha() else None, letter in (b'.', b'Z')


def state(cutter: Cutter) -> tuple[str, bool]:
    exchange = cutter.framer.exchange
    assert cutter.framer.owner in (exchange, None)
    return exchange.name if exchange else '', cutter.framer.open


def test_a_part_is_handled_with_the_exchange_of_the_part_before_and_its_own_open() -> None:
    cutter = Cutter(Words())
    seen = [(exchange and exchange.name, *state(cutter))
            for data in (b'one two', b' three') for _, exchange, _ in cutter.cut(data)]
    assert seen == [('one', '', False), ('two', '', True), ('two', 'two', False), ('three', '', True)]


def test_scan_goes_on_with_the_exchange_of_its_own_part() -> None:
    framer = Words()
    cutter = Cutter(framer)
    for data in (b'one tw', b'o three', b' '):
        list(cutter.cut(data))
    assert framer.known == [('', False), ('tw', True), ('', False), ('three', True), ('', False)]


def test_a_complete_message_leaves_no_exchange_and_an_open_one_keeps_it() -> None:
    cutter = Cutter(Words())
    list(cutter.cut(b'one '))
    assert state(cutter) == ('', False)
    list(cutter.cut(b'two'))
    assert state(cutter) == ('two', True)


def test_bytes_of_rest_belong_to_the_exchange_under_way() -> None:
    cutter = Cutter(Words())
    list(cutter.cut(b'two'))
    cutter.framer.rest = 5
    assert [(end, exchange and exchange.name, done) for end, exchange, done in cutter.cut(b'abc')] == [(3, 'two', False)]
    assert cutter.framer.rest == 2
    assert state(cutter) == ('two', True)


def test_framer_that_takes_the_place_of_another_one_knows_its_exchange() -> None:
    change = Change(None)
    cutter = change.cutter = Cutter(change)
    list(cutter.cut(b'one two'))
    assert isinstance(cutter.framer, Words)
    assert state(cutter) == ('two', True)
    assert (change.owner, change.exchange, change.open) == (None, None, False)


def test_exchange_under_way_stays_through_a_notice_in_its_middle() -> None:
    cutter = Cutter(Notices(None))
    owners = []
    for data in (b'a', b'-', b'-', b'.', b'b', b'.', b'Z', b'.'):
        list(cutter.cut(data))
        owners.append(cutter.framer.owner and cutter.framer.owner.name)
        assert state(cutter) == ('' if len(owners) > 6 else 'asked', data in b'a-b')
    assert owners == ['asked', None, None, None, 'asked', None, None, None]


def test_bytes_of_rest_in_a_notice_do_not_belong_to_the_exchange_around_it() -> None:
    cutter = Cutter(Notices(None))
    list(cutter.cut(b'a-'))
    cutter.framer.rest = 5
    assert list(cutter.cut(b'xyz')) == [(3, None, False)]


def test_end_of_the_stream_completes_the_message_under_way_once() -> None:
    cutter = Cutter(Words())
    assert not cutter.ends()
    list(cutter.cut(b'two'))
    assert cutter.ends()
    assert [(end, exchange.name, done) for end, exchange, done in cutter.end() if exchange] == [(0, 'two', True)]
    assert (cutter.ends(), *state(cutter)) == (False, '', False)


def test_error_after_a_part_leaves_what_the_part_has_told() -> None:
    cutter = Cutter(Words())
    assert len(list(cutter.cut(b'one ! more'))) == 1
    assert (cutter.opaque_because, cutter.held, *state(cutter)) == ('no word', b'! more', '', False)


def test_the_weight_of_a_request_is_what_it_keeps_while_it_waits() -> None:
    exchange = Exchange(b'GET key')
    assert Redis({}).weight(exchange) == EXCHANGE_BYTES + 2 * len(b'GET key')
    exchange.failure = Failure(b'-ERR\r\n')
    assert Redis({}).weight(exchange) == EXCHANGE_BYTES + 2 * len(b'GET key') + len(b'-ERR\r\n')
    exchange.note = Call(CURSOR, head=b'x' * 1000)
    assert MySQL({}).weight(exchange) == Redis({}).weight(exchange) + 1000


# -- messages of tens of thousands of pieces

class Pieces(NamedTuple):
    """A long message of tiny pieces, and what is said before."""

    protocol: type[MessageProtocol]
    before: list[Turn]
    sender: str
    message: bytes


COUNT = 20_000
ROW = mysql_talk.packet(0, b'\x01x')
CHUNKED = b'Host: x\r\nTransfer-Encoding: chunked\r\n\r\n' + b'1\r\nx\r\n' * COUNT + b'0\r\n\r\n'
LONG = {
    'words of a command': Pieces(Redis, [], CLIENT, b'*%d\r\n$4\r\nMSET\r\n' % (COUNT + 1) + b'$1\r\na\r\n' * COUNT),
    'words of a reply': Pieces(Redis, [(CLIENT, b'GET a\r\n')], BACKEND, b'*%d\r\n' % COUNT + b':1\r\n' * COUNT),
    'texts of a reply': Pieces(Redis, [(CLIENT, b'GET a\r\n')], BACKEND, b'*%d\r\n' % COUNT + b'$1\r\nx\r\n' * COUNT),
    'aggregates in each other': Pieces(Redis, [(CLIENT, b'GET a\r\n')], BACKEND, b'*1\r\n' * COUNT + b':1\r\n'),
    'chunks of a request': Pieces(HTTP, [], CLIENT, b'POST / HTTP/1.1\r\n' + CHUNKED),
    'chunks of a response': Pieces(
        HTTP, [(CLIENT, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')], BACKEND, b'HTTP/1.1 200 OK\r\n' + CHUNKED),
    'values': Pieces(Memcache, [(CLIENT, b'get a\r\n')], BACKEND, b'VALUE a 0 1\r\nx\r\n' * COUNT + b'END\r\n'),
    'lines that begin with a dot': Pieces(
        SMTP, [(BACKEND, b'220 x\r\n'), (CLIENT, b'DATA\r\n'), (BACKEND, b'354 go\r\n')], CLIENT, b'..x\r\n' * COUNT),
    'lines of a reply': Pieces(
        SMTP, [(BACKEND, b'220 x\r\n'), (CLIENT, b'HELP\r\n')], BACKEND, b'250-x\r\n' * COUNT + b'250 x\r\n'),
    'rows of MySQL': Pieces(
        MySQL, [*mysql_talk.opened(), (CLIENT, mysql_talk.query(b'SELECT 1'))], BACKEND,
        mysql_talk.packets(b'\x01', mysql_talk.COLUMN, mysql_talk.EOF) + ROW * COUNT + mysql_talk.packets(mysql_talk.EOF)),
    'rows of PostgreSQL': Pieces(
        PostgreSQL, [(CLIENT, postgres_talk.startup(user='u')), (BACKEND, postgres_talk.message(b'R', bytes(4))
                                                                 + postgres_talk.message(b'Z', b'I')),
                     (CLIENT, postgres_talk.query('SELECT 1'))], BACKEND,
        postgres_talk.message(b'T', b'\0\0') + postgres_talk.message(b'D', b'\0\0') * COUNT
        + postgres_talk.message(b'C', b'SELECT 1\0') + postgres_talk.message(b'Z', b'I')),
}


@pytest.mark.parametrize('pieces', LONG.values(), ids=LONG)
def test_a_long_message_of_tiny_pieces_is_reported_part_by_part(pieces: Pieces) -> None:
    dialogue = replay(pieces.protocol, pieces.before)
    cutter = dialogue.cutter(pieces.sender)
    ends = [end for end, _, _ in cutter.cut(pieces.message)]
    assert not cutter.opaque_because
    assert len(pieces.message) - 8 <= ends[-1] <= len(pieces.message)   # of a message of SMTP the end may still come
    assert max(end - start for start, end in pairwise([0, *ends])) < 1.1 * MAX_PASSED_BYTES


@pytest.mark.parametrize('pieces', LONG.values(), ids=LONG)
def test_a_long_message_of_tiny_pieces_is_one_message_however_it_is_sliced(pieces: Pieces) -> None:
    turns = [*pieces.before, (pieces.sender, pieces.message)]
    expected = replay(pieces.protocol, turns)
    for seed in range(3):
        found = replay(pieces.protocol, turns, randomly(seed, 3 * MAX_PASSED_BYTES))
        assert (found.messages, found.tail) == (expected.messages, expected.tail)
