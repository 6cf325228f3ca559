"""``alike``: pipelines whose commands, and whose replies, look like the first one."""
import pytest

from vaurien.protocols.base import Exchange
from vaurien.protocols.redis import Redis
from vaurien.protocols.redis.alike import commands_alike, texts_alike
from vaurien.protocols.redis.requests import PLAIN, is_one

GET = b'*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n'
SET = b'*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n'       # its value is an end of a line

MOST = 1000

def lines(data):
    return data.split(b'\r\n')

@pytest.mark.parametrize('data, step, count', [
    (GET, 5, 1), (GET * 16, 5, 16), (GET * 3 + GET.replace(b'key:1', b'key:2'), 5, 4), (GET + GET.replace(b'$5', b'$6'), 5, 0),
    (GET + GET[:-7] + b'\r\n', 5, 0), (SET * 2, 7, 0), (GET + SET, 5, 0), (GET * 2 + b'PING\r\n', 5, 0),
    (GET.replace(b'$5\r\nkey:1', b'$1200\r\n' + b'x' * 1200) * 2, 5, 0)])
def test_commands_are_counted_where_each_has_as_many_lines(data, step, count):
    words = lines(data)
    assert commands_alike(words, step, len(words) - 1) == count

@pytest.mark.parametrize('data, count', [
    (b'$1\r\na\r\n', 1), (b'$1\r\na\r\n$0\r\n\r\n', 2), (b'$1\r\na\r\n$-1\r\n', 0), (b'$2\r\na\r\n', 0),
    (b'$4\r\na\r\nb\r\n', 0)])
def test_texts_are_counted_where_there_is_nothing_else(data, count):
    words = lines(data)
    assert texts_alike(words, len(words) - 1) == count

@pytest.mark.parametrize('data, one', [
    (GET, True), (SET, True), (GET.lower(), True), (GET * 2, False), (GET[:-1], False), (GET[:-4], False),
    (b'*1\r\n$4\r\nPING\r\n', False),
    (b'*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n', False), (GET.replace(b'$5', b'$x'), False), (b'GET key:1\r\n', False)])
def test_one_plain_command_is_seen_at_once(data, one):
    assert is_one(data) is one

def test_a_pipeline_is_a_run_of_one_exchange_and_so_are_its_replies():
    protocol = Redis({})
    end, exchanges = protocol.request_cutter.run(GET * 16, MOST)
    assert (end, list(exchanges)) == (len(GET) * 16, [PLAIN] * 16)
    protocol.queue.extend(exchanges)
    replies = b'$3\r\nabc\r\n' * 16
    assert protocol.response_cutter.run(replies, MOST) == (len(replies), [PLAIN] * 16)
    assert protocol.response_cutter.run(replies + replies, MOST) == (len(replies), [PLAIN] * 16)
    assert protocol.response_cutter.run(replies, 4) == (len(replies) // 4, [PLAIN] * 4)

def test_replies_to_requests_that_differ_are_told_apart_by_the_queue():
    protocol = Redis({})
    named = [Exchange(b'GET a', 'command', True, (0, b'', '', 1)), PLAIN]
    protocol.queue.extend(named)
    assert protocol.response_cutter.run(b'$1\r\na\r\n' * 2, MOST) == (14, named)
    assert not protocol.queue.alike()
