"""Streams of events and their sessions: what else is on a connection, who leaves it, what waits, and what is written down."""
import contextlib
import socket
import struct
import time

import httpx
import pytest

from tests.support.event_peers import sse, streams
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import connect, read_exactly, read_to_end
from tests.support.proxied import between, entry, peak
from tests.support.recorded import recorded
from tests.support.tls import certificates, client_context
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.spec import BehaviorSpec

ASKED = 'GET {} HTTP/1.1\r\nHost: a\r\n\r\n'
EVENT = b'data: 0\n\n'


def ask(*paths):
    return ''.join(ASKED.format(path) for path in paths).encode()


def error(kind, **more):
    return entry('error', 100, kind=kind, **more)


def spec(kind):
    return BehaviorSpec(name='error', percent=100, settings={'kind': kind, 'match': 'chunked$|counted$'}),


def test_requests_before_a_stream_that_is_cut_are_answered_and_those_after_it_are_not(daemon):
    with streams(EVENT, EVENT, EVENT) as backend, \
            between(daemon, 'pipelined', backend, 'http', [error('stream-cut', match='chunked')]) as proxy, \
            connect(proxy.port) as sock:
        sock.sendall(ask('/page', '/counted', '/chunked', '/page'))
        got = read_to_end(sock)
        assert got.count(b'HTTP/1.1 200 Said') == 3
        assert got.partition(b'hello')[2].partition(b'\r\n\r\n')[2].startswith(EVENT * 3)
        assert got.endswith(b'\r\n9\r\ndata: 0\n\n\r\n')
        assert [fault.request for fault in proxy.faults] == ['GET /chunked']


def test_what_vaurien_answers_itself_comes_in_its_turn_around_a_response_that_is_spared(daemon):
    mix = [error('503', match='/a$'), error('stream-cut', match='/page$')]
    with streams(EVENT) as backend, between(daemon, 'turns', backend, 'http', [{**each, 'percent': 50} for each in mix]) as proxy:
        with connect(proxy.port) as sock:
            for _ in range(20):
                sock.sendall(ask('/a', '/page', '/a', '/page', '/a'))
            sock.shutdown(socket.SHUT_WR)
            got = read_to_end(sock)
        answers = [found.partition(b'HTTP/1.1 ')[0] for found in got.split(b'HTTP/1.1 ')[1:]]
        assert [answer[:3] for answer in answers[1::5]] == [answer[:3] for answer in answers[3::5]] == [b'200'] * 20
        assert sum(answer.startswith(b'503') for answer in answers) == len(proxy.faults)
        assert {fault.kind for fault in proxy.faults} == {'503'}


def test_a_session_that_is_to_end_after_a_response_ends_after_one_that_is_spared(daemon):
    with streams() as backend, between(daemon, 'single', backend, 'http', [error('stream-cut')],
                                       protocol_settings={'keep_alive': False}) as proxy, connect(proxy.port) as sock:
        sock.sendall(ask('/page'))
        got = read_to_end(sock)
        assert b'\r\nConnection: close\r\n' in got
        assert got.endswith(b'hello')


def test_a_client_of_http_1_0_gets_its_events(daemon):
    with streams(EVENT, EVENT) as backend, between(daemon, 'old', backend, 'http', [error('stream-short')]) as proxy, \
            connect(proxy.port) as sock:
        sock.sendall(b'GET /closed HTTP/1.0\r\n\r\n')
        assert read_to_end(sock).endswith(b'\r\n\r\n' + EVENT)
        assert [fault.kind for fault in proxy.faults] == ['stream-short']


@pytest.mark.parametrize('how', ['rst', 'fin', 'half'])
@pytest.mark.parametrize('kind', ['stream-slow', 'stream-stall'])
def test_the_backend_hears_of_a_client_that_leaves_in_the_middle(daemon, kind, how):
    with streams(*[EVENT] * 1_000_000, pause=MS) as backend, \
            between(daemon, f'left-{kind}-{how}', backend, 'http', [error(kind)],
                    protocol_settings={'stream_rate': 1 / (20 * MS)}) as proxy:
        sock = connect(proxy.port)
        sock.sendall(ask('/chunked'))
        head = b''
        while EVENT not in head:
            head += sock.recv(4096)
        if how == 'half':
            sock.shutdown(socket.SHUT_WR)
            if kind == 'stream-slow':       # the stream goes on
                read_exactly(sock, 40)
        if how == 'rst':
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        sock.close()
        eventually(lambda: backend.left == ['gone'], 'the end at the backend')
        eventually(lambda: not proxy.client.sessions(proxy.name), 'the end of the session')
        assert len(proxy.faults) == 1


def test_a_slow_stream_holds_no_other_session_up_and_what_waits_is_bounded(daemon):
    piece = b'data: ' + b'x' * 8000 + b'\n\n'
    with streams(*[piece] * 16_000) as backend, \
            between(daemon, 'bounded-1', backend, 'http', [error('stream-slow', match='chunked')],
                    protocol_settings={'stream_rate': 0.5}) as proxy:
        before = peak(daemon)
        with connect(proxy.port) as slow, httpx.Client(timeout=PATIENCE) as calm:
            slow.sendall(ask('/chunked'))
            read_exactly(slow, 8000)
            for _ in range(50):
                assert calm.get(f'http://127.0.0.1:{proxy.port}/page').text == 'hello'
            assert backend.stuck_after() < len(backend.pieces)
        assert peak(daemon) - before < 24 * 1024 * 1024


def test_events_of_a_slow_stream_come_at_their_rate(daemon):
    with streams(*[EVENT] * 8) as backend, between(daemon, 'rate', backend, 'http', [error('stream-slow')],
                                                   protocol_settings={'stream_rate': 1 / (50 * MS), 'stream_after': 2}) as proxy:
        for version in ('1', '2'):
            came = []
            with httpx.Client(timeout=PATIENCE, http1=version == '1', http2=version == '2') as client, \
                    client.stream('GET', f'http://127.0.0.1:{proxy.port}/chunked') as response:
                for piece in response.iter_raw():
                    came += [time.monotonic()] * piece.count(EVENT)
            assert len(came) == 8
            assert came[-1] - came[1] > 6 * 50 * MS - 20 * MS    # six of them had to wait


@pytest.mark.parametrize('version', ['1', '2'])
def test_an_entry_of_a_plan_is_met_where_its_stream_fails_and_not_where_none_was(daemon, version):
    with streams(EVENT, EVENT) as backend, between(daemon, f'planned-{version}', backend, 'http') as proxy, \
            httpx.Client(timeout=PATIENCE, http1=version == '1', http2=version == '2') as client:
        second = proxy.fault('GET /chunked', nth=2, kind='stream-short')
        page = proxy.fault('GET /page', kind='stream-short', unused_ok=True)
        paths = '/chunked', '/page', '/chunked', '/chunked'
        got = [client.get(f'http://127.0.0.1:{proxy.port}{path}').content for path in paths]
        assert got == [EVENT * 2, b'hello', EVENT, EVENT * 2]
        assert (second.applied, page.applied) == (1, 0)


@pytest.mark.parametrize('version', ['1', '2'])
def test_streams_fail_inside_tls_as_in_the_clear(version):
    files = certificates()
    with streams(EVENT, EVENT, EVENT) as backend, \
            hosted(spec_for(backend, spec('stream-cut'), protocol='http', proxy='tls://127.0.0.1:0', **files.both)) as host, \
            httpx.Client(timeout=PATIENCE, http1=version == '1', http2=version == '2', verify=client_context()) as client:
        with client.stream('GET', f'https://localhost:{host.port}/chunked') as response:
            pieces = response.iter_raw()
            got = next(pieces)
            with pytest.raises(httpx.RemoteProtocolError):
                next(pieces)
            assert response.http_version == ('HTTP/1.1' if version == '1' else 'HTTP/2')
        assert got == EVENT


@pytest.mark.parametrize('kind, answers', [
    ('', [('ok', '200'), ('ok', '200'), ('ok', '200')]), ('stream-cut', [('', ''), ('', ''), ('ok', '200')]),
    ('stream-short', [('', ''), ('', ''), ('ok', '200')]), ('stream-error', [('', ''), ('', ''), ('ok', '200')]),
    ('stream-malformed', [('ok', '200'), ('ok', '200'), ('ok', '200')]),
    ('stream-slow', [('ok', '200'), ('ok', '200'), ('ok', '200')])])
@pytest.mark.parametrize('version', ['1', '2'])
def test_a_stream_reads_in_the_journal_as_its_client_has_met_it(version, kind, answers):
    with streams(*sse(3)) as backend, recorded(backend, 'http', spec(kind) if kind else '',
                                               protocol_settings={'stream_rate': 1000.0}) as record:
        for path in ('/chunked', '/counted', '/page'):
            with contextlib.suppress(httpx.HTTPError), \
                    httpx.Client(timeout=PATIENCE, http1=version == '1', http2=version == '2') as client:
                client.get(f'http://127.0.0.1:{record.port}{path}')
        found = record.wait(3)
        assert [(one.answer, one.code) for one in found] == answers
        assert [one.fault for one in found] == [f'error/{kind}' if kind else ''] * 2 + ['']
