"""``tests/hunt``: an oracle that finds nothing wrong proves something only if it finds what is wrong."""
import json
from typing import Any, NamedTuple

import pytest

from tests.hunt import http, memcache, redis, tcp
from tests.hunt.memcache_model import HEADER, Binary, Text
from tests.hunt.oracle import Exactly, Fault, Line, Seen, Spoilt, common
from tests.hunt.player import MOVES, balance
from tests.hunt.redis_model import Model, reply_end, words_of
from tests.hunt.run import PROTOCOLS, subject_of, written
from tests.hunt.schedule import make
from tests.hunt.shrink import ranges, shrink
from tests.hunt.subject import Subject


class Talk(NamedTuple):
    """One session in which all was right: how it was opened, what was asked, and each answer."""

    subject: Subject
    plan: str
    asked: list[Any]
    answers: list[bytes]

    def seen(self, answers: list[bytes] | None = None, **what: Any) -> Seen:
        got = b''.join(self.answers if answers is None else answers)
        return Seen(0, {'as': self.plan}, asked=self.asked, heard=len(self.asked), got=got, left='half', **{'end': 'FIN', **what})

    def wrong(self, answers: list[bytes] | None = None, **what: Any) -> list[str]:
        return self.subject.judge(self.seen(answers, **what))


def exact(looks: Any) -> bytes:
    """Return the bytes of an answer of which every byte is known."""
    assert isinstance(looks, Exactly)
    return looks.data


def page(body: bytes) -> bytes:
    return b'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: %d\r\n\r\n%b' % (len(body), body)


REDIS = [['SET', 's:1x0.0', '1x0va'], ['GET', 's:1x0.0'], ['INCR', 's:1x0.n'], ['ECHO', '1x0e'], ['APPEND', 's:1x0.0', 'b']]
TEXT = [{'line': 'set k1x0.0 0 0 2', 'data': 'hi'}, {'line': 'get k1x0.0'},
        {'line': 'incr k1x0.0n 1'}, {'line': 'mg k1x0.0 v k O1'}]
BINARY = [{'op': 'set', 'opaque': 7, 'key': 'k1x0.0', 'value': 'hi'}, {'op': 'get', 'opaque': 8, 'key': 'k1x0.0'},
          {'op': 'noop', 'opaque': 9}]
HTTP = [{'method': 'GET', 'target': '/host', 'host': f'1x0-{number}'} for number in range(4)]


def binary(ask: dict[str, Any], body: bytes) -> bytes:
    op = {'set': 1, 'get': 0, 'noop': 10}[ask['op']]
    return HEADER.pack(0x81, op, 0, 4 if op == 0 else 0, 0, len(body), ask['opaque'].to_bytes(4, 'big')) + body


def talks() -> dict[str, Talk]:
    model, text = Model(), Text()
    return {
        'redis': Talk(redis.SUBJECT, 'raw', REDIS, [exact(model.run(words_of(ask))) for ask in REDIS]),
        'memcache': Talk(memcache.SUBJECT, 'text', TEXT, [exact(text.run(ask)) for ask in TEXT]),
        'memcache binary': Talk(memcache.SUBJECT, 'binary', BINARY,
                                [binary(ask, body) for ask, body in zip(BINARY, (b'', bytes(4) + b'hi', b''), strict=True)]),
        'http': Talk(http.SUBJECT, 'raw', HTTP, [page(ask['host'].encode()) for ask in HTTP]),
        'tcp': Talk(tcp.SUBJECT, 'raw', [['1x0', 0, 5]], tcp.words([['1x0', 0, 5]])),
    }


TALKS = talks()
#: what a proxy may do to the answers, by what it does; the second one is never like the third
WRONG = {
    'swaps two': lambda answers: [answers[0], answers[2], answers[1], *answers[3:]],
    'loses one': lambda answers: [answers[0], *answers[2:]],
    'loses the last': lambda answers: answers[:-1],
    'repeats one': lambda answers: [*answers[:2], *answers[1:]],
    'repeats the last': lambda answers: [*answers, answers[-1]],
    'alters a byte': lambda answers: [answers[0], answers[1][:-3] + bytes((answers[1][-3] ^ 1,)) + answers[1][-2:], *answers[2:]],
    'loses the last byte': lambda answers: [*answers[:-1], answers[-1][:-1]],
}


@pytest.mark.parametrize('name', TALKS)
def test_what_is_right_is_found_right(name):
    assert TALKS[name].wrong() == []


@pytest.mark.parametrize('what', WRONG)
@pytest.mark.parametrize('name', TALKS)
def test_what_a_proxy_does_to_answers_is_found(name, what):
    assert TALKS[name].wrong(WRONG[what](TALKS[name].answers))


@pytest.mark.parametrize('name', TALKS)
def test_an_end_that_nothing_explains_is_found(name):
    assert TALKS[name].wrong(end='RST')
    assert TALKS[name].wrong(TALKS[name].answers[:1], end='RST')
    assert TALKS[name].wrong(TALKS[name].answers[:1], end='RST', cut=True) == []


@pytest.mark.parametrize('name', TALKS)
def test_a_cut_excuses_no_wrong_answer(name):
    for what in ('swaps two', 'loses one', 'repeats one', 'alters a byte'):
        assert TALKS[name].wrong(WRONG[what](TALKS[name].answers), end='RST', cut=True)


def test_an_error_has_to_be_in_the_journal_and_one_there_has_to_come():
    talk, refused = TALKS['redis'], b'-BUSY Redis is busy running a script.\r\n'
    error = {2: Fault('error', 'busy', 'GET s:1x0.0')}
    with_error = [talk.answers[0], refused, *talk.answers[2:]]
    assert talk.wrong(with_error)
    assert talk.wrong(faults=error)
    assert talk.wrong(with_error, faults=error) == []
    assert talk.wrong(with_error, faults={3: error[2]})


def test_after_a_hang_nothing_comes_and_before_it_all():
    talk, hang = TALKS['redis'], {3: Fault('hang', '', 'INCR s:1x0.n')}
    assert talk.wrong(talk.answers[:2], faults=hang) == []
    assert talk.wrong(talk.answers[:1], faults=hang)
    assert talk.wrong(talk.answers[:3], faults=hang)


def test_what_the_server_has_must_come_of_some_beginning_of_what_was_asked():
    talk = TALKS['redis']
    assert redis.differences(talk.seen(), {b's:1x0.0': b'1x0vab', b's:1x0.n': b'1'}) == []
    assert redis.differences(talk.seen(), {b's:1x0.0': b'1x0va', b's:1x0.n': b'1'})
    refused = talk.seen([talk.answers[0], b'-x\r\n', *talk.answers[2:]], faults={1: Fault('error', 'busy', 'SET s:1x0.0')})
    assert redis.differences(refused, {b's:1x0.0': b'b', b's:1x0.n': b'1'}) == []
    assert redis.differences(refused, {b's:1x0.0': b'1x0vab', b's:1x0.n': b'1'})
    cut = talk.seen(talk.answers[:2], cut=True)
    for have in ({b's:1x0.0': b'1x0va'}, {b's:1x0.0': b'1x0va', b's:1x0.n': b'1'}, {b's:1x0.0': b'1x0vab', b's:1x0.n': b'1'}):
        assert redis.differences(cut, have) == []
    assert redis.differences(cut, {})


def test_bytes_that_are_not_accounted_for_are_found():
    seen = [TALKS['redis'].seen()]
    stats = {'from_client': 5, 'to_backend': 5, 'from_backend': len(seen[0].got), 'to_client': len(seen[0].got)}
    assert balance(seen, stats) == []
    for name in stats:
        assert balance(seen, {**stats, name: stats[name] + 1})
    dripping = [TALKS['redis'].seen(faults={1: Fault('error', 'slow-headers', 'GET /')})]
    assert balance(dripping, {**stats, 'to_client': stats['to_client'] + 1}) == []


def test_random_bytes_in_an_answer_are_told_from_other_ones():
    data, junk = b'$5\r\nhello\r\n', bytes(range(100))
    for at in range(len(data) + 1):
        spoilt = data[:at] + junk + data[at:]
        assert Spoilt(data).at(spoilt, 0) == len(spoilt)
        assert Spoilt(data).at(spoilt[:-1], 0) < 0
    assert Spoilt(data).at(data[:4] + junk + data[5:] + b'x', 0) < 0
    assert common(b'abc', b'abd') == 2
    assert Line(rb'-ERR .*').at(b'-ERR no\r\n', 0) == 9


def test_where_replies_of_redis_end():
    replies = [b'+OK\r\n', b'$5\r\nhello\r\n', b'*2\r\n:1\r\n*1\r\n$-1\r\n', b'%1\r\n$1\r\na\r\n_\r\n', b'>1\r\n+x\r\n',
               b'*-1\r\n']
    data = b''.join(replies)
    at = 0
    for reply in replies:
        assert reply_end(data, at) == at + len(reply)
        assert not reply_end(data[:at + len(reply) - 1], at)
        at += len(reply)


def test_a_binary_request_is_written_as_it_is_read():
    assert Binary.written({'op': 'get', 'opaque': 7, 'key': 'ab'}) == \
        b'\x80\x00\x00\x02' + bytes(4) + b'\x00\x00\x00\x02\x00\x00\x00\x07' + bytes(8) + b'ab'


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_schedule_is_data_and_the_same_for_the_same_seed(protocol):
    subject = subject_of(protocol)
    for seed in range(30):
        schedule = make(subject, seed)
        assert json.loads(written(schedule)) == json.loads(json.dumps(schedule)) == make(subject, seed)
        assert all(len(MOVES.keys() & move.keys()) == 1 for move in schedule['moves'])
    assert make(subject, 1) != make(subject, 2)


def test_what_is_not_needed_for_a_failure_is_left_out():
    schedule = make(redis.SUBJECT, 12)
    schedule['moves'].append({'say': 0, 'asks': [['PING'], ['GUILTY'], ['PING']]})
    schedule['moves'].insert(0, {'change': {'mix': [{'name': 'delay'}, {'name': 'guilty'}]}})

    def fails(candidate: dict[str, Any]) -> bool:
        return '"GUILTY"' in written(candidate) and '"guilty"' in written(candidate)
    assert shrink(schedule, fails, lambda: False)['moves'] == [
        {'change': {'mix': [{'name': 'guilty'}]}}, {'say': 0, 'asks': [['GUILTY']]}]
    assert shrink(schedule, fails, lambda: True) == schedule


def test_pieces_are_left_out_from_the_end_on_halves_first():
    assert list(ranges(3)) == [(0, 3), (2, 3), (1, 2), (0, 1)]
    assert list(ranges(4)) == [(0, 4), (2, 4), (0, 2), (3, 4), (2, 3), (1, 2), (0, 1)]
    assert list(ranges(0)) == []
