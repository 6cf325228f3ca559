"""``pipelines``: commands that look like the first one, and replies that do."""
import pytest

from vaurien.protocols.base import Exchange
from vaurien.protocols.redis import Redis, pipelines
from vaurien.protocols.redis.pipelines import MAX_PATTERNS, MAX_WORDS, commands_alike, texts_alike
from vaurien.protocols.redis.requests import PLAIN, alike

MOST = 1000
GET = b'*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n'
SET = b'*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\r\n\r\n'       # its value is an end of a line
MSET = b'*%d\r\n$4\r\nMSET\r\n' % (MAX_WORDS + 2) + b'$1\r\na\r\n' * (MAX_WORDS + 1)


@pytest.mark.parametrize('data, count', [
    (GET, 1), (SET, 1), (MSET, 1), (GET.lower(), 1), (GET * 16, 16), (GET * 3 + GET.replace(b'$5\r\nkey:1', b'$2\r\nk\n'), 4),
    (GET + GET.replace(b'$5', b'$6'), 0), (GET * 2 + GET[:-7] + b'\r\n', 0), (SET * 2, 0), (GET + SET, 0), (MSET * 2, 0),
    (GET * 2 + b'PING\r\n', 0), (GET[:-1], 0), (GET[:-4], 0), (GET * 2 + GET[:-1], 0), (b'*1\r\n$4\r\nPING\r\n', 0),
    (b'*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n', 0), (GET.replace(b'$5', b'$x'), 0), (b'GET key:1\r\n', 0),
    (GET.replace(b'$5\r\nkey:1', b'$120\r\n' + b'x' * 120) * 2, 0)])
def test_plain_commands_that_are_like_the_first_one(data, count):
    assert alike(data) == count


@pytest.mark.parametrize('data, count', [
    (b'$1\r\na\r\n', 1), (b'$1\r\na\r\n$0\r\n\r\n$255\r\n' + b'x' * 255 + b'\r\n', 3), (b'$1\r\na\r\n$-1\r\n', 0),
    (b'$2\r\na\r\n', 0), (b'$4\r\na\r\nb\r\n', 0), (b'$256\r\n' + b'x' * 256 + b'\r\n', 0),
    (b'$1\r\na\r\n+OK\r\n', 0), (b'$1\r\na\r\n$1\r\n', 0)])
def test_replies_that_are_texts(data, count):
    assert texts_alike(data) == count


def test_there_are_patterns_for_so_many_beginnings_and_no_more(monkeypatch):
    monkeypatch.setattr(pipelines, 'PATTERNS', {})
    beginnings = [b'*2\r\n$3\r\nGE%c' % (ord('A') + number) for number in range(MAX_PATTERNS + 2)]
    found = [commands_alike((start + b'\r\n$1\r\na\r\n') * 3, start, 1) for start in beginnings * 2]
    assert found == ([3] * MAX_PATTERNS + [0, 0]) * 2


def test_a_pipeline_is_a_run_of_one_exchange_and_so_are_its_replies():
    protocol = Redis({})
    end, exchanges = protocol.request_cutter.run(GET * 16, MOST)
    assert (end, list(exchanges)) == (len(GET) * 16, [PLAIN] * 16)
    assert protocol.request_cutter.run(GET * 16, 4) == (len(GET) * 4, [PLAIN] * 4)
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
