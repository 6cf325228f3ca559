"""``tests/hunt``: nothing that stands still is waited for, and what its models once took for wrong is right."""
import itertools
import threading

import pytest

from tests.hunt import clients, postgres, run, smtp, tcp
from tests.hunt.limit import Bounded, StandsStillError
from tests.hunt.mysql import RealClient
from tests.hunt.oracle import Fault, Seen
from tests.support import postgres_talk as pg
from tests.support.mysql_talk import OK, greeting, packet
from tests.support.peers import Backend, read_exactly, read_to_end, script
from tests.support.unit_of_time import MS, PATIENCE


def test_a_read_that_may_wait_for_ever_ends_where_there_is_no_hope():
    with Backend(read_to_end) as backend:
        tap = clients.tap(backend.port)
        with tap:
            tap.settimeout(None)
            tap.hopeless = lambda: True
            with pytest.raises(TimeoutError):
                Bounded(lambda: tap.recv(1)).within(PATIENCE)


def test_pymysql_does_not_wait_for_ever_for_the_rest_of_a_packet_that_random_bytes_have_begun():
    def serve(sock):
        sock.sendall(greeting())
        for number in (2, 1):       # its login, then SET NAMES; the answer to that has a length that never comes
            size = int.from_bytes(read_exactly(sock, 4)[:3], 'little')
            read_exactly(sock, size)
            sock.sendall(packet(2, OK) if number == 2 else b'\xff\xff\x7f\x01')
        read_to_end(sock)
    with Backend(serve) as backend:
        client = RealClient(backend.port)
        client.give_up_when(lambda: True)
        Bounded(lambda: client.say([[['query', 'SELECT 1']]])).within(PATIENCE)
        assert client.raised == []
        client.leave('close')


def test_a_call_is_waited_for_no_longer_than_its_time_and_told_where_it_is():
    forever = threading.Event()
    assert Bounded(lambda: 7).within(PATIENCE) == 7
    with pytest.raises(ZeroDivisionError):
        Bounded(lambda: 1 / 0).within(PATIENCE)
    with pytest.raises(StandsStillError, match=r'forever\.wait'):
        Bounded(lambda: forever.wait()).within(10 * MS)
    forever.set()


def test_a_schedule_that_stands_still_is_told_with_where_both_sides_stand(monkeypatch):
    forever = threading.Event()

    class Stuck(tcp.Tcp):
        def connect(self, plan, port):
            forever.wait()

    class Line:
        def __init__(self, port=0):
            self.port = port

        def __call__(self, do, **order):
            return {'create': 1, 'stacks': 'greenlets of the host'}[do]

        def close(self):
            pass
    monkeypatch.setattr(run.host, 'Line', Line)
    hunting = run.Hunt(Stuck(), '127.0.0.1:1', 1, limit=20 * MS)
    schedule = {'protocol': 'tcp', 'seed': 1, 'moves': [{'open': 0, 'as': 'raw'}]}
    wrong = hunting.play(Line(), schedule).wrong
    assert 'stands still' in wrong[0]
    assert 'forever.wait()' in wrong[0]
    assert 'greenlets of the host' in wrong[0]
    assert 'has not come to its end' in hunting._explain(schedule, wrong)
    forever.set()


def test_a_refused_message_has_one_reply_where_no_lhlo_was_said():
    """Without LHLO a server has one reply to a message, however many recipients there are, and so has what refuses one for it."""
    talk = script((b'', b'220 hi\r\n'), (b'DATA\r\n', b'354 go\r\n'), (b'hi\r\n.\r\n', b'550 no\r\n'), (b'QUIT\r\n', b''))
    with Backend(talk) as backend:
        client, stalls = smtp.PlainClient(backend.port), itertools.count()
        client.say([[['data', 'hi\r\n', 2]]])
        client.hear(lambda: next(stalls) > 100)     # there is one more to come, for all that it knows
        assert client.got.endswith(b'550 no\r\n')
        assert client._complete()
        client.say([[['line', 'QUIT']]])
        client.leave('half')


@pytest.mark.parametrize('kind, words', [
    ('crash-shutdown', pg.message(b'N', b'SWARNING\0VWARNING\0C57P02\0\0')), ('admin-shutdown', pg.error('57P01'))],
    ids=['crash', 'admin'])
def test_a_server_that_ends_says_so_in_a_group_that_it_skips_too(kind, words):
    asked = [[['P', '', "SELEC 's1x0n1'"], ['B', '', ''], ['E', '', 0], ['S']]]
    answers = pg.message(b'R', bytes(4)) + pg.IDLE + pg.error('42601')
    fault = {2: Fault('error', kind, "SELEC 's1x0n1'")}

    def wrong(got):
        plan = {'as': 'raw', 'first': '', 'word': 's1x0'}
        return postgres.SUBJECT.judge(Seen(0, plan, asked=asked, heard=1, got=got, left='close', end='FIN', faults=fault))
    assert wrong(answers + words) == []
    assert wrong(answers)


def test_columns_of_a_statement_that_is_cancelled_may_be_the_last_that_comes():
    asked = [[['cancelled'], ['Q', "SELECT 's1x0n1', pg_sleep(60), 3"]]]
    started = pg.message(b'R', bytes(4)) + pg.IDLE
    columns = pg.message(b'T', (3).to_bytes(2, 'big'))

    def wrong(got, cut, end='FIN'):
        plan = {'as': 'raw', 'first': '', 'word': 's1x0'}
        return postgres.SUBJECT.judge(Seen(0, plan, asked=asked, heard=1, got=got, left='close', end=end, cut=cut))
    assert wrong(started + columns, cut=True) == []
    assert wrong(started + columns, cut=False)
    for before in (b'', columns):
        assert wrong(started + before + pg.error('57014') + pg.IDLE, cut=False, end='') == []
