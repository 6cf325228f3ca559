"""``tests/hunt``, where a model says what is answered and kept: it finds what is wrong, and takes no more than it may."""
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import pytest

from tests.hunt import mysql, postgres, smtp
from tests.hunt.oracle import Fault, Seen
from tests.hunt.subject import Subject
from tests.hunt.verdict import judge, possible
from tests.support import mysql_talk as my
from tests.support import postgres_talk as pg
from tests.support.mysql_talk import COLUMN, EOF, OK, packet, packets


class Talk(NamedTuple):
    """One session in which all was right.

    Args:
        module: What knows its answers.
        plan: How it was opened.
        asked: What was asked.
        answers: The bytes of each answer.
        kept: What the backend keeps.
        insert: The exchange that makes it keep that: its number, its name, a kind of error there, and the answers with it.
    """

    module: Any
    plan: dict[str, Any]
    asked: list[Any]
    answers: list[bytes]
    kept: Any
    insert: tuple[int, str, str, list[bytes]]

    @property
    def subject(self) -> Subject:
        return self.module.SUBJECT      # type: ignore[no-any-return]

    def seen(self, answers: list[bytes] | None = None, **what: Any) -> Seen:
        got = b''.join(self.answers if answers is None else answers)
        plan = {'as': 'raw', 'word': 's1x0', **self.plan}
        return Seen(0, plan, asked=self.asked, heard=len(self.asked), got=got, **{'left': 'half', 'end': 'FIN', **what})

    def wrong(self, answers: list[bytes] | None = None, **what: Any) -> list[str]:
        return self.subject.judge(self.seen(answers, **what))

    def may(self, **what: Any) -> list[Any]:
        """Return what the backend may have kept."""
        seen = self.seen(**what)
        return possible(seen, len(self.module.came(seen)), self.module.outcome(seen))

    @property
    def refused(self) -> list[bytes]:
        """The answers where what is kept was refused."""
        _, _, _, answers = self.insert
        return answers

    @property
    def fault(self) -> dict[int, Fault]:
        number, name, kind, _ = self.insert
        return {number: Fault('error', kind, name)}


def row(*values: str) -> bytes:
    return pg.message(b'D', len(values).to_bytes(2, 'big') + b''.join(
        len(value).to_bytes(4, 'big') + value.encode() for value in values))


def of_postgres() -> Talk:
    insert = "INSERT INTO hunt (s, v) VALUES ('s1x0', 's1x0n1')"
    asked = [[['Q', insert]], [['Q', "SELECT 's1x0n2'"]],
             [['P', '', 'SELECT $1::text'], ['B', '', '', 's1x0n3'], ['E', '', 0], ['S']], [['Q', 'BEGIN']], [['Q', 'ROLLBACK']]]
    answers = [pg.message(b'R', bytes(4)) + pg.message(b'K', b'12345678') + pg.IDLE, pg.complete('INSERT 0 1') + pg.IDLE,
               pg.COLUMNS + row('s1x0n2') + pg.complete() + pg.IDLE,
               pg.PARSED + pg.BOUND + row('s1x0n3') + pg.complete() + pg.IDLE,
               pg.complete('BEGIN') + pg.IN_BLOCK, pg.complete('ROLLBACK') + pg.IDLE]
    return Talk(postgres, {'first': ''}, asked, answers, ('s1x0n1',),
                (2, insert, 'disk-full', [answers[0], pg.error('53100') + pg.IDLE, *answers[2:]]))


def rows(*values: str) -> bytes:
    return packets(b'\x01', COLUMN, EOF, *(bytes((len(value),)) + value.encode() for value in values), EOF)


def of_mysql() -> Talk:
    insert = "INSERT INTO hunt (s, v) VALUES ('s1x0', 's1x0n1')"
    asked = [[['query', insert]], [['query', "SELECT 's1x0n2'"]], [['query', "SELECT 's1x0n3'"]], [['ping']],
             [['query', 'COMMIT']]]
    one = packet(1, OK[:1] + b'\x01' + OK[2:])
    answers = [my.greeting(), packet(2, OK), one, rows('s1x0n2'), rows('s1x0n3'), packet(1, OK), packet(1, OK)]
    full = packet(1, b'\xff' + (1114).to_bytes(2, 'little') + b'#HY000full')
    return Talk(mysql, {'modern': False}, asked, answers, ('s1x0n1',),
                (2, insert, 'table-full', [*answers[:2], full, *answers[3:]]))


def of_smtp() -> Talk:
    asked = [[['line', 'EHLO s1x0n9']], [['line', 'NOOP s1x0n1']], [['line', 'NOOP s1x0n2']],
             [['line', 'MAIL FROM:<s1x0n3@x>'], ['line', 'RCPT TO:<s1x0n4@x>'], ['data', 'hi\r\n', 1]], [['line', 'NOOP s1x0n5']]]
    answers = [f'{line}\r\n'.encode() for line in (
        '220 hi', '250-x\r\n250 s1x0n9', '250 s1x0n1', '250 s1x0n2', '250 s1x0n3@x', '250 s1x0n4@x', '354 go', '250 s1x0n3@x',
        '250 s1x0n5')]
    return Talk(smtp, {}, asked, answers, (('s1x0n3', ('s1x0n4',), 4, crc32(b'hi\r\n')),),
                (7, '. FROM:<s1x0n3@x>', 'mailbox-full', [*answers[:-2], b'552 5.2.2 Mailbox full\r\n', answers[-1]]))


TALKS = {'postgres': of_postgres(), 'mysql': of_mysql(), 'smtp': of_smtp()}
Change = Callable[[list[bytes]], list[bytes]]
#: what a proxy may do to the answers; the second and third one, and the third and fourth, are never alike
WRONG: dict[str, Change] = {
    'swaps two': lambda answers: [*answers[:2], answers[3], answers[2], *answers[4:]],
    'loses one': lambda answers: [*answers[:2], *answers[3:]],
    'loses the last': lambda answers: answers[:-1],
    'repeats one': lambda answers: [*answers[:3], *answers[2:]],
    'repeats the last': lambda answers: [*answers, answers[-1]],
    "answers with another one's value": lambda answers: [answer.replace(b's1x0n2', b's1x0n1') for answer in answers],
    'loses the last byte': lambda answers: [*answers[:-1], answers[-1][:-1]],
}


@pytest.mark.parametrize('name', TALKS)
def test_what_is_right_is_found_right(name):
    assert TALKS[name].wrong() == []
    assert TALKS[name].may() == [TALKS[name].kept]


@pytest.mark.parametrize('what', WRONG)
@pytest.mark.parametrize('name', TALKS)
def test_what_a_proxy_does_to_answers_is_found(name, what):
    assert TALKS[name].wrong(WRONG[what](TALKS[name].answers))


@pytest.mark.parametrize('name', TALKS)
def test_an_end_that_nothing_explains_is_found(name):
    talk = TALKS[name]
    assert talk.wrong(end='RST')
    assert talk.wrong(talk.answers[:2], end='RST')
    assert talk.wrong(talk.answers[:2], end='RST', cut=True) == []


@pytest.mark.parametrize('what', ['swaps two', 'loses one', "answers with another one's value"])
@pytest.mark.parametrize('name', TALKS)
def test_a_cut_excuses_no_wrong_answer(name, what):
    assert TALKS[name].wrong(WRONG[what](TALKS[name].answers), end='RST', cut=True)


@pytest.mark.parametrize('name', TALKS)
def test_an_error_has_to_be_in_the_journal_and_one_there_has_to_come(name):
    talk = TALKS[name]
    assert talk.wrong(talk.refused)
    assert talk.wrong(faults=talk.fault)
    assert talk.wrong(talk.refused, faults=talk.fault) == []
    assert talk.wrong(talk.refused, faults={number + 1: fault for number, fault in talk.fault.items()})


@pytest.mark.parametrize('name', TALKS)
def test_a_fault_of_another_request_is_found(name):
    talk = TALKS[name]
    misplaced = {number: fault._replace(request='another') for number, fault in talk.fault.items()}
    assert talk.wrong(talk.refused, faults=misplaced)
    assert talk.wrong(faults={99: Fault('delay', '', 'another')})


@pytest.mark.parametrize('name', TALKS)
def test_what_was_refused_is_not_kept(name):
    talk = TALKS[name]
    assert talk.may(answers=talk.refused, faults=talk.fault) == [()]


@pytest.mark.parametrize('name', TALKS)
def test_of_a_session_that_was_cut_some_beginning_is_kept_but_no_less_than_was_answered(name):
    talk = TALKS[name]
    beginning = talk.may(answers=talk.answers[:1], cut=True, end='RST')
    assert () in beginning
    assert talk.kept in beginning
    assert set(talk.may(answers=talk.answers[:-1], cut=True, end='RST')) == {talk.kept}


@pytest.mark.parametrize('name', TALKS)
def test_after_a_hang_nothing_comes_and_before_it_all(name):
    talk = TALKS[name]
    number, asked, _, _ = talk.insert
    hang = {number: Fault('hang', '', asked)}
    before = len(talk.refused) - next(at for at, pair in enumerate(zip(talk.refused[::-1], talk.answers[::-1], strict=True))
                                      if pair[0] != pair[1]) - 1
    assert talk.wrong(talk.answers[:before], faults=hang, end='silent') == []
    assert talk.wrong(talk.answers[:before - 1], faults=hang, end='silent')
    assert talk.wrong(talk.answers[:before + 1], faults=hang, end='silent')
    assert talk.may(answers=talk.answers[:before], faults=hang, end='silent')[0] == ()


@pytest.mark.parametrize('name', TALKS)
def test_a_session_that_is_relayed_unread_for_no_reason_is_found(name):
    assert TALKS[name].wrong(unread='the server sends a message that cannot come here')


def test_a_message_that_is_none_is_no_answer():
    talk = TALKS['postgres']
    seen = talk.seen()
    assert judge(seen, [*postgres.came(seen), None], postgres.outcome(seen))


@pytest.mark.parametrize('cut', [True, False])
def test_only_where_its_session_was_cut_a_postgres_server_may_say_that_its_client_is_gone_in_the_midst_of_copy(cut):
    gone = b'SERROR\0C08006\0Munexpected EOF on client connection with an open transaction\0\0'
    seen = Seen(1, {'first': ''}, got=b'E' + (len(gone) + 4).to_bytes(4) + gone, cut=cut)
    assert postgres.came(seen) == ([] if cut else [('E', '08006')])
