"""What bytes cost that come one by one, and what a long queue costs: in all protocols no more than their number.

A peer chooses both. What costs their square lets it stop everybody else: n and 4 n of them are compared, in processor time.
"""
import time
from collections.abc import Callable

import pytest

from tests.support import postgres_talk as pg
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn
from tests.unit.protocols.redis.test_redis import command
from vaurien.protocols import Protocol
from vaurien.protocols.http.headers import with_field
from vaurien.protocols.message import MAX_HELD_BYTES, MessageProtocol
from vaurien.protocols.mysql import MySQL
from vaurien.protocols.mysql.calls import MAX_STATEMENTS, Statement
from vaurien.protocols.mysql.commands import close

#: times what n cost that 4 n may cost: 4 where the cost is linear, 16 where it is the square
MOST = 9
#: [bytes] that come one by one in the longer run: nearly all that is ever held
MANY = MAX_HELD_BYTES - 1024
TRIES = 5


def seconds(call: Callable[[int], None], count: int) -> float:
    """Return the processor time that a call takes for so many of what it is about."""
    before = time.process_time()
    call(count)
    return time.process_time() - before


def is_linear(call: Callable[[int], None], many: int) -> None:
    """Check that a call for ``many`` costs about four times what it costs for a quarter of them.

    Raises:
        AssertionError: It never did.
    """
    ratios: list[float] = []
    while not ratios or ratios[-1] > MOST:
        assert len(ratios) < TRIES, f'4 n cost {ratios} times as much as n'
        ratios.append(seconds(call, many) / seconds(call, many // 4))


def fed(protocol: str, *turns: Turn) -> Dialogue:
    """A conversation as far as these turns lead."""
    cls = Protocol.get(protocol)
    assert issubclass(cls, MessageProtocol)
    dialogue = Dialogue(cls)
    for sender, data in turns:
        dialogue.feed(sender, data)
    return dialogue


HEADERS = b'GET / HTTP/1.1\r\n'
ASKED = (CLIENT, HEADERS + b'\r\n')
SUBSCRIBED = b'*3\r\n$9\r\nsubscribe\r\n$99999\r\n'
#: by name: the protocol, what was said before, who goes on, how it begins, and what it goes on with, again and again
HELD: dict[str, tuple[str, list[Turn], str, bytes, bytes]] = {
    'http: a target': ('http', [], CLIENT, b'GET /', b'a'),
    'http: a field': ('http', [], CLIENT, HEADERS + b'a: ', b'a'),
    'http: fields': ('http', [], CLIENT, HEADERS, b'a:b\r\n'),
    'http: fields after a long line': ('http', [], CLIENT, b'GET /' + b'a' * 8_000 + b' HTTP/1.1\r\n', b'a:b\r\n'),
    'http: a reason': ('http', [ASKED], BACKEND, b'HTTP/1.1 200 ', b'a '),
    'http: fields of a response': ('http', [ASKED], BACKEND, b'HTTP/1.1 200 OK\r\n', b'a:b\r\n'),
    'http: trailer fields': ('http', [], CLIENT, b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', b'a:b\r\n'),
    'memcache: a command': ('memcache', [], CLIENT, b'delete ', b'a '),
    'memcache: a response': ('memcache', [(CLIENT, b'get a\r\n')], BACKEND, b'VALUE ', b'a '),
    'mysql: a greeting': ('mysql', [], BACKEND, b'\xff\xff\0\0\x0a', b'\xff'),
    'redis: a line': ('redis', [], CLIENT, b'GET ', b'a '),
    'redis: the reply to MONITOR': ('redis', [(CLIENT, command('MONITOR'))], BACKEND, b'+', b'a'),
    'redis: a subscription': ('redis', [(CLIENT, command('SUBSCRIBE', 'a'))], BACKEND, SUBSCRIBED, b'a'),
}


@pytest.mark.parametrize('case', HELD)
def test_what_is_held_while_it_comes_byte_by_byte_costs_no_more_than_its_bytes(case: str) -> None:
    protocol, before, sender, begins, more = HELD[case]

    def feed(count: int) -> None:
        dialogue = fed(protocol, *before, (sender, begins))
        data, cutter = more * (count // len(more)), dialogue.cutter(sender)
        for at in range(len(data)):
            assert not list(cutter.cut(data[at:at + 1])), 'nothing is complete'
        assert not cutter.opaque_because
        assert len(cutter.held) > count // 2
    is_linear(feed, MANY - len(begins))


def test_a_confirmation_of_more_than_its_three_words_is_not_waited_for() -> None:
    """Its words would be counted again with each byte."""
    dialogue = fed('redis', (CLIENT, command('SUBSCRIBE', 'a')))
    dialogue.feed(BACKEND, b'*1000000\r\n$9\r\nsubscribe\r\n' + b':1\r\n' * 20)
    assert 'unknown way' in dialogue.opaque[BACKEND]


def test_extensions_of_a_chunk_are_not_waited_for_for_ever() -> None:
    dialogue = fed('http', (CLIENT, b'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;' + b'a' * 4_000))
    assert not dialogue.opaque[CLIENT]
    dialogue.feed(CLIENT, b'a' * 100)
    assert 'chunks' in dialogue.opaque[CLIENT]


# -- queues: by name, what happens with so many requests in them

def answered(dialogue: Dialogue, told: bytes) -> None:
    """Feed responses, without the bookkeeping of a dialogue, and let the queue become shorter as the lanes do."""
    for _, exchange, done in dialogue.protocol.response_cutter.cut(told):
        if exchange is not None and done:
            dialogue.protocol.answered(exchange)


def quiet_and_an_error(count: int) -> None:
    dialogue = fed('memcache', (CLIENT, b'mg k v q\r\n' * count + b'no such command\r\n'))
    answered(dialogue, b'ERROR\r\n')
    assert not dialogue.protocol.queue


def quiet_and_an_error_each(count: int) -> None:
    dialogue = fed('memcache', (CLIENT, b'mg k v q\r\n' * count + b'mn\r\n'))
    answered(dialogue, b'CLIENT_ERROR unauthenticated\r\n' * count)
    assert len(dialogue.protocol.queue) == 1


def quiet_and_no_end(count: int) -> None:
    dialogue = fed('memcache', (CLIENT, b'mg k v q\r\n' * count))
    answered(dialogue, b'CLIENT_ERROR unauthenticated\r\n' * count)
    assert not dialogue.protocol.queue


def many_batches(count: int) -> None:
    dialogue = fed('memcache', (CLIENT, b'mg k v q\r\nmn\r\n' * count))
    answered(dialogue, b'CLIENT_ERROR unauthenticated\r\n' * 2 * count)
    assert not dialogue.protocol.queue


def quiet_and_a_long_line(count: int) -> None:
    """The line has as many words as there are requests before it."""
    dialogue = fed('memcache', (CLIENT, b'mg k v q O1\r\n' * count + b'me k\r\n'))
    answered(dialogue, b'ME k' + b' a=1' * count + b'\r\n')
    assert not dialogue.protocol.queue


def quiet_packets(count: int) -> None:
    quiet = b'\x80\x09\0\1' + b'\0\0\0\0' + b'\0\0\0\1' + bytes(12) + b'k'
    dialogue = fed('memcache', (CLIENT, quiet * count + b'\x80\x0a' + bytes(22)))
    answered(dialogue, b'\x81\x0a' + bytes(22))
    assert not dialogue.protocol.queue


def requests_after_a_refused_upgrade(count: int) -> None:
    dialogue = fed('http', (CLIENT, b'GET / HTTP/1.1\r\nUpgrade: x\r\n\r\n'),
                   (BACKEND, b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), (CLIENT, (HEADERS + b'\r\n') * count))
    assert len(dialogue.protocol.queue) == count


def statements_that_fail(count: int) -> None:
    dialogue = fed('postgres', *pg.LOGIN, (CLIENT, (pg.parse('x') + pg.SYNC) * count))
    answered(dialogue, (pg.error() + pg.IDLE) * count)
    assert not dialogue.protocol.queue


def steps_after_one_that_fails(count: int) -> None:
    dialogue = fed('postgres', *pg.LOGIN, (CLIENT, pg.parse('x') * count + pg.SYNC))
    answered(dialogue, pg.error() + pg.IDLE)
    assert not dialogue.protocol.queue


def statements_that_are_closed(count: int) -> None:
    protocol = MySQL({})
    for number in range(count):
        protocol.statements.prepared(Statement(b'SELECT 1'), number, 0)
    for number in range(count):
        close(protocol, b'\x19' + number.to_bytes(4, 'little'))


QUEUES = [quiet_and_an_error, quiet_and_an_error_each, quiet_and_no_end, many_batches, quiet_and_a_long_line, quiet_packets,
          requests_after_a_refused_upgrade, statements_that_fail, steps_after_one_that_fails]


@pytest.mark.parametrize('happens', QUEUES, ids=lambda happens: happens.__name__)
def test_a_queue_costs_no_more_than_its_requests(happens: Callable[[int], None]) -> None:
    is_linear(happens, 4_800)


def test_statements_cost_no_more_to_close_than_their_number() -> None:
    is_linear(statements_that_are_closed, MAX_STATEMENTS)


def test_a_field_that_is_repeated_costs_no_more_than_its_lines() -> None:
    def repeat(count: int) -> None:
        assert with_field(HEADERS + b'Host:\r\n' * count + b'\r\n', b'Host', b'a') == HEADERS + b'Host: a\r\n\r\n'
    is_linear(repeat, 8_000)
