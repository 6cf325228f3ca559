"""Faults as lines: what they say, how many there are in a second, and that nothing of a peer's is written as it is."""
import io
import re
import time

import gevent
import pytest

from tests.support.unit_of_time import MS, PATIENCE
from vaurien.cli import live
from vaurien.cli.live import MAX_LINES, Live, LiveRequests
from vaurien.proxies.exchanges import Exchanges
from vaurien.proxies.journal import Journal
from vaurien.relay.recording.records import Exchanged


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def out():
    return io.StringIO()


def happen(journal, exchange=1, behavior='error', kind='502', request='GET /'):
    journal.add('default', 4, exchange, behavior, kind, request)


def shown(out):
    return [line.partition(' ')[2] for line in out.getvalue().splitlines()]


def test_a_fault_is_a_line_that_begins_with_the_time(journal, out):
    Live(journal, out)
    happen(journal)
    at = next(journal.since()).time
    assert out.getvalue() == f'{time.strftime("%H:%M:%S", time.localtime(at))} default #4 error 502 GET /\n'


@pytest.mark.parametrize('fields, line', [
    ({'exchange': 2}, 'default #4.2 error 502 GET /'),
    ({'behavior': 'delay', 'kind': ''}, 'default #4 delay GET /'),
    ({'exchange': 0, 'kind': 'max-clients', 'request': 'connect'}, 'default #4 error max-clients connect'),
    ({'kind': 'random-bytes', 'request': ''}, 'default #4 error random-bytes'),
    ({'request': 'GET /\n\x1b[2J'}, r'default #4 error 502 GET /\n\x1b[2J'),
    ({'request': 'x' * 200}, 'default #4 error 502 ' + 'x' * 100),
])
def test_a_line_says_what_there_is(journal, out, fields, line):
    Live(journal, out)
    happen(journal, **fields)
    assert shown(out) == [line]


def test_a_line_has_the_color_of_its_behavior(journal, out):
    Live(journal, out, colored=True)
    for behavior in ('error', 'delay', 'mine'):
        happen(journal, behavior=behavior)
    assert re.findall(r'^\x1b\[(\d+)m.*\x1b\[0m$', out.getvalue(), re.MULTILINE) == ['31', '33', '35']


def test_what_is_too_much_for_a_second_is_counted(journal, out, monkeypatch):
    monkeypatch.setattr(live, 'WINDOW', 3600)
    told = Live(journal, out)
    for _ in range(MAX_LINES + 7):
        happen(journal)
    assert len(shown(out)) == MAX_LINES
    told._over()
    assert out.getvalue().splitlines()[MAX_LINES:] == ['... and 7 more faults']
    happen(journal)
    assert shown(out)[-1] == 'default #4 error 502 GET /'
    told.close()
    happen(journal)
    assert len(out.getvalue().splitlines()) == MAX_LINES + 2


def test_the_end_of_the_second_is_told_by_itself(journal, out, monkeypatch):
    monkeypatch.setattr(live, 'WINDOW', 0.01)
    monkeypatch.setattr(live, 'MAX_LINES', 1)
    told = Live(journal, out)
    happen(journal)
    happen(journal)
    with gevent.Timeout(PATIENCE):
        while '... and 1 more faults' not in out.getvalue():
            gevent.sleep(MS)
    told.close()


def test_an_output_that_takes_nothing_is_left_alone(journal):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, 'No space left on device')
    Live(journal, Full())
    happen(journal)
    happen(journal)
    assert journal.followers == ()


@pytest.mark.parametrize('terminal, environ, expected', [
    (True, {}, True), (False, {}, False), (True, {'NO_COLOR': '1'}, False), (True, {'NO_COLOR': ''}, True),
    (True, {'TERM': 'dumb'}, False),
])
def test_colors_are_for_terminals_whose_users_want_them(monkeypatch, terminal, environ, expected):
    for name in ('NO_COLOR', 'TERM'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr('sys.stdout', io.StringIO())
    monkeypatch.setattr('sys.stdout.isatty', lambda: terminal)
    assert live.is_colored() is expected


def exchanged(**fields):
    usual = {'time': 1.7e9, 'proxy': 'default', 'session': 4, 'number': 1, 'name': 'GET /', 'shape': 'GET /', 'answer': 'ok',
             'seconds': 0.00125, 'sent': 20, 'received': 30, 'code': '200'}
    return Exchanged(**{**usual, **fields})


@pytest.fixture
def exchanges():
    return Exchanges()


@pytest.mark.parametrize('fields, line', [
    ({}, 'default #4 GET / ok 200 1.2 ms'),
    ({'number': 2, 'code': ''}, 'default #4.2 GET / ok 1.2 ms'),
    ({'answer': '503', 'code': '503'}, 'default #4 GET / 503 1.2 ms'),
    ({'answer': '', 'code': ''}, 'default #4 GET / cut off 1.2 ms'),
    ({'answer': 'none', 'code': ''}, 'default #4 GET / no answer 1.2 ms'),
    ({'name': 'GET /\n\x1b[2J' + 'x' * 200, 'code': ''}, r'default #4 GET /\n\x1b[2J' + 'x' * 90 + ' ok 1.2 ms'),
])
def test_a_request_is_a_line_with_its_answer_and_its_time(exchanges, out, fields, line):
    LiveRequests(exchanges, out)
    exchanges.exchanged(exchanged(**fields))
    assert shown(out) == [line]
    assert out.getvalue().startswith(time.strftime('%H:%M:%S ', time.localtime(1.7e9)))


def test_a_request_that_a_fault_tells_of_has_no_line_of_its_own(exchanges, out):
    LiveRequests(exchanges, out)
    exchanges.exchanged(exchanged(fault='error/502'))
    assert not out.getvalue()


def test_an_answer_that_is_an_error_has_a_color(exchanges, out):
    LiveRequests(exchanges, out, colored=True)
    exchanges.exchanged(exchanged())
    exchanges.exchanged(exchanged(answer='503'))
    assert [line.startswith('\x1b[33m') for line in out.getvalue().splitlines()] == [False, True]


def test_requests_that_are_too_many_are_counted_and_their_lines_are_never_made(exchanges, out, monkeypatch):
    monkeypatch.setattr(live, 'WINDOW', 3600)
    count = 0

    class Maker:
        def made(self, *parts):
            nonlocal count
            count += 1
            return exchanged()

    told = LiveRequests(exchanges, out)
    for _ in range(MAX_LINES + 7):
        exchanges.later((Maker(), None, (0.0, '', b''), b'', 0.0))
    assert count == MAX_LINES
    told.close()
    assert out.getvalue().splitlines()[MAX_LINES:] == ['... and 7 more requests']
    assert not exchanges.followed
