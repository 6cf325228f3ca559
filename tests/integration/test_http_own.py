"""Responses of one's own, quotas, and what requests ask for, as real clients of HTTP/1 and HTTP/2 get them."""
import json
import re
import subprocess
import time

import httpx
import pytest

from tests.support.daemon import daemon as running
from tests.support.daemon import run_to_end
from tests.support.http2 import pattern
from tests.support.http_clients import CLIENTS, HTTP_2, by_httpx
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.client import RefusedError
from vaurien.ctl import command as ctl

SERVE = '--proxy', '127.0.0.1:0', '--backend', 'embedded', '--protocol', 'http'
COOKIES = ['a=1; Path=/', 'b=2; Path=/x']
FIELDS = ['X-Trace: 1', 'Set-Cookie: ' + COOKIES[0], 'Set-Cookie: ' + COOKIES[1]]


@pytest.mark.parametrize('client', CLIENTS)
def test_a_client_gets_the_response_that_was_told(proxied, client):
    told = entry('error', status=451, header=FIELDS, body='{"error": {"code": "moved"}}', retry_after=7)
    with proxied(client, told) as proxy:
        got = CLIENTS[client](proxy.port, '/status/200')
        assert (got.status, json.loads(got.body)) == (451, {'error': {'code': 'moved'}})
        assert (got.one('x-trace'), got.one('retry-after'), got.one('content-type')) == ('1', '7', 'application/json')
        assert got.all('set-cookie') == COOKIES
        assert [fault.kind for fault in proxy.faults] == ['response']


@pytest.mark.parametrize('client', ['httpx', 'httpx-h2'])
@pytest.mark.parametrize('told, status, kind, body', [
    ({'status': 204}, 204, [], b''),
    ({'status': 418, 'body': ''}, 418, [], b''),
    ({'retry_after': 'Sun, 06 Nov 1994 08:49:37 GMT'}, 503, ['text/html; charset=utf-8'], None),
    ({'header': 'content-type: text/x'}, 503, ['text/x'], None),
    ({'status': 200, 'body': 'not [json]'}, 200, ['text/plain; charset=utf-8'], b'not [json]'),
    ({'status': 599, 'body': '\u00e4' * 30000}, 599, ['text/plain; charset=utf-8'], '\u00e4'.encode() * 30000),
], ids=['204', 'empty', 'date', 'type', 'text', 'long'])
def test_what_is_not_said_is_made_up(proxied, client, told, status, kind, body):
    with proxied(client, entry('error', **told)) as proxy:
        got = CLIENTS[client](proxy.port, '/status/200')
        assert (got.status, got.all('content-type')) == (status, kind)
        assert b'<h1>503 ' in got.body if body is None else got.body == body
        assert got.all('retry-after') == ([told['retry_after']] if 'retry_after' in told else [])


def test_the_connection_goes_on_after_it(daemon):
    with between(daemon, 'goes-on', 'embedded', 'http', [entry('error', status=500, first=2)]) as proxy:
        got = subprocess.run(['curl', '-s', '-w', '%{http_code} %{num_connects}\n', '-o', '/dev/null', f'http://127.0.0.1:{proxy.port}/',
                              '-o', '/dev/null', f'http://127.0.0.1:{proxy.port}/', '-o', '/dev/null',
                              f'http://127.0.0.1:{proxy.port}/'], capture_output=True, check=True, text=True)
        assert got.stdout == '500 1\n500 0\n200 0\n'


@pytest.mark.parametrize('told', [entry('error', kind='502', first=2), entry('transient', kind='502', agitate=2)],
                         ids=['first', 'agitate'])
def test_the_first_that_match_fail(daemon, told):
    told['settings']['match'] = 'GET /status'
    with between(daemon, f'first-{told["name"]}', 'embedded', 'http', [told]) as proxy:
        paths = '/status/200', '/bytes/1', '/status/200', '/status/200', '/status/201'
        assert [by_httpx(proxy.port, path).status for path in paths] == [502, 200, 502, 200, 201]


# -- quotas

@pytest.mark.parametrize('client', CLIENTS)
def test_a_quota_is_shared_by_all_sessions_and_counts_down(proxied, client):
    with proxied(client, entry('error', quota='2/1h')) as proxy:
        answers = [CLIENTS[client](proxy.port, '/bytes/3') for _ in range(4)]
        assert [got.status for got in answers] == [200, 200, 429, 429]
        assert [len(got.body) for got in answers[:2]] == [3, 3]
        assert [got.one('x-ratelimit-remaining') for got in answers] == ['1', '0', '0', '0']
        assert {got.one('x-ratelimit-limit') for got in answers} == {'2'}
        assert [len(got.all('retry-after')) for got in answers] == [0, 0, 1, 1]
        assert all(0 < int(got.one('x-ratelimit-reset')) <= 3600 for got in answers)
        assert len(proxy.faults) == 2


def test_a_quota_may_be_answered_otherwise(daemon):
    told = entry('error', quota='1/1h', bucket=True, status=503, body='later', retry_after=9, header='X-RateLimit-Limit: many')
    with between(daemon, 'quota-503', 'embedded', 'http', [told]) as proxy:
        assert by_httpx(proxy.port, '/').status == 200
        got = by_httpx(proxy.port, '/')
        assert (got.status, got.body, got.one('retry-after'), got.one('x-ratelimit-limit')) == (503, b'later', '9', 'many')
    with between(daemon, 'quota-kind', 'embedded', 'http', [entry('error', quota='1/1h', kind='504')]) as proxy:
        assert [by_httpx(proxy.port, '/').status for _ in range(2)] == [200, 504]


def test_a_request_that_is_not_meant_takes_nothing_of_a_quota(daemon):
    with between(daemon, 'quota-match', 'embedded', 'http', [entry('error', quota='1/1h', match='/status')]) as proxy:
        assert by_httpx(proxy.port, '/bytes/1').all('x-ratelimit-limit') == []
        assert [by_httpx(proxy.port, '/status/200').status for _ in range(2)] == [200, 429]


# -- where it is told

def test_it_is_told_on_a_command_line_and_in_a_file(tmp_path):
    body = tmp_path / 'body.bin'
    body.write_bytes(b'\xff\x00binary')
    config = tmp_path / 'vaurien.ini'
    config.write_text('[vaurien]\nproxy = 127.0.0.1:0\nbackend = embedded\nprotocol = http\nbehavior = 100:error\n'
                      '[behavior:error]\nstatus = 402\nheader =\n    X-A: 1; b=2\n    X-A: 3\n'
                      f'body-file = {body}\nretry-after = 5\n')
    flags = ['--proxy', '127.0.0.1:0', '--backend', 'embedded', '--protocol', 'http', '--behavior', '100:error',
             '--behavior-error-status', '402', '--behavior-error-header', 'X-A: 1; b=2', '--behavior-error-header', 'X-A: 3',
             '--behavior-error-body-file', str(body), '--behavior-error-retry-after', '5']
    for arguments in (['--config', str(config)], flags):
        with running(*arguments) as process:
            got = by_httpx(process.port, '/')
            assert (got.status, got.all('x-a'), got.body) == (402, ['1; b=2', '3'], body.read_bytes())
            assert (got.one('retry-after'), got.one('content-type')) == ('5', 'application/octet-stream')


def test_it_is_told_by_a_plan(daemon):
    plan = ('GET /a #* = error status=404 header="x-a: 1" header="x-b: 2" body="gone"', 'GET /b = response status=410',
            'GET /bytes/9 = edit keep=3 add="x-c: 3"')
    with between(daemon, 'planned', 'embedded', 'http') as proxy, proxy.plan(*plan):
        got = by_httpx(proxy.port, '/a')
        assert (got.status, got.one('x-a'), got.one('x-b'), got.body) == (404, '1', '2', b'gone')
        assert by_httpx(proxy.port, '/b').status == 410
        got = by_httpx(proxy.port, '/bytes/9')
        assert (len(got.body), got.one('x-c')) == (3, '3')


def test_it_is_told_by_the_command(monkeypatch):
    monkeypatch.delenv('VAURIEN_HTTP_TOKEN', raising=False)
    with running(*SERVE, '--http', '--http-port', '0') as process:
        fields = '--header', 'X-A: 1', '--header', 'X-A: 2'
        assert ctl.main(['behavior', 'default', 'error', '--status', '402', *fields, '--host', process.control]) == 0
        got = by_httpx(process.port, '/')
        assert (got.status, got.all('x-a')) == (402, ['1', '2'])


def test_it_is_told_over_http_but_for_a_file(daemon):
    with between(daemon, 'told-by-http', 'embedded', 'http', [entry('error', status=402, header=['X-A: 1', 'X-A: 2'])]) as proxy:
        shown = daemon.client.show(proxy.name)['mix'][0]['settings']
        proxy.meet(entry('error', **{**shown, 'status': 410}))
        got = by_httpx(proxy.port, '/')
        assert (got.status, got.all('x-a')) == (410, ['1', '2'])
        with pytest.raises(RefusedError, match='named where vaurien is started'):
            proxy.meet(entry('error', body_file='/etc/passwd'))
        with pytest.raises(RefusedError, match='none of connection'):
            proxy.meet(entry('error', header=['Connection: close']))


def test_what_was_answered_is_answered_again_by_a_replay(tmp_path):
    journal = str(tmp_path / 'journal')
    told = ('--behavior', '50:error,30:edit', '--behavior-error-status', '418', '--behavior-error-header', 'X-A: 1',
            '--behavior-error-quota', '2/1h', '--behavior-edit-status', '299', '--seed', '5', '--journal', journal)
    statuses = []
    for arguments in (told, ('--replay', journal)):
        with running(*SERVE, *arguments) as process:
            statuses.append([by_httpx(process.port, f'/bytes/{number}').status for number in range(12)])
    assert statuses[0] == statuses[1]
    assert {*statuses[0]} == {200, 299, 418}


@pytest.mark.parametrize('flags, words', [
    (['--protocol', 'redis', '--behavior-error-quota', '1/1s'], 'nothing, since redis is not http'),
    (['--protocol', 'http', '--behavior-error-body-file', '/nowhere/body'], 'a file that can be read'),
], ids=['redis', 'file'])
def test_what_does_not_fit_is_said_in_one_line(flags, words):
    ended = run_to_end('--backend', 'embedded', '--proxy', '127.0.0.1:0', '--behavior', '100:error', *flags)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


# -- what a request asks for itself

def asking(daemon, name, backend, **fields):
    return between(daemon, name, backend, 'http', protocol_settings={'header_faults': True, 'keep_alive': True}, **fields)


@pytest.mark.parametrize('client', CLIENTS)
def test_a_request_asks_for_a_fault_and_the_backend_does_not_see_that(daemon, streams, client):
    backend = streams if client in HTTP_2 else 'embedded'
    path = '/echo' if client in HTTP_2 else '/headers'
    with asking(daemon, f'asks-{client}', backend) as proxy:
        ask = CLIENTS[client]
        got = ask(proxy.port, path, fields={'x-vaurien-fault': 'error status=418 header="x-a: b" body="tea"'})
        assert (got.status, got.one('x-a'), got.body) == (418, 'b', b'tea')
        assert ask(proxy.port, path, fields={'X-Vaurien-Fault': '504'}).status == 504
        got = ask(proxy.port, path, fields={'x-vaurien-fault': 'edit status=299', 'x-kept': '1'})
        assert got.status == 299
        seen = str([dict(fields) for fields in streams.asked][-1] if client in HTTP_2 else got.body).lower()
        assert 'x-kept' in seen
        assert 'vaurien-fault' not in seen
        assert ask(proxy.port, path).status == 200
        assert [fault.kind for fault in proxy.faults] == ['response', '504', 'edited']


@pytest.mark.parametrize('client', ['httpx', 'httpx-h2'])
@pytest.mark.parametrize('text, words', [
    ('eror', 'x-vaurien-fault name'), ('error status=99', 'an integer from 200 to 599'), ('latency', 'and no toxic'),
    ('error first=1', 'it is about this request'), ('hang count=3', 'it is about this request'), ('goaway-calm', ''),
    ('error body_file=/etc/passwd', 'a file')],
    ids=['name', 'value', 'toxic', 'first', 'count', 'version', 'file'])
def test_what_cannot_be_is_said_in_the_response(daemon, streams, client, text, words):
    if words or client == 'httpx':
        name = re.sub('[^a-z0-9]+', '-', f'wrong-{client}-{text}')
        with asking(daemon, name, streams if client in HTTP_2 else 'embedded') as proxy:
            got = CLIENTS[client](proxy.port, '/bytes/1', fields={'x-vaurien-fault': text})
            assert (got.status, got.body.count(b'\n')) == (400, 1)
            assert words in got.body.decode()
            assert CLIENTS[client](proxy.port, '/bytes/1').status == 200


def test_many_requests_of_one_connection_ask_for_other_things(daemon, streams):
    with asking(daemon, 'asks-mixed', streams) as proxy, httpx.Client(http1=False, http2=True, timeout=PATIENCE) as client:
        for number in range(200):
            fields = {'x-vaurien-fault': f'error status={500 + number % 7}'} if number % 3 else {'x-other': str(number % 5)}
            found = client.get(f'http://127.0.0.1:{proxy.port}/bytes/{number}', headers=fields)
            assert found.status_code == (500 + number % 7 if number % 3 else 200)
            assert number % 3 or found.content == pattern(number)


def test_a_header_is_only_a_header_where_that_is_not_switched_on(daemon):
    with between(daemon, 'asks-not', 'embedded', 'http') as proxy:
        got = by_httpx(proxy.port, '/headers', fields={'x-vaurien-fault': '503'})
        assert (got.status, json.loads(got.body)['X-Vaurien-Fault']) == (200, '503')


def test_a_delay_is_asked_for_and_a_plan_goes_before_what_is_asked_for(daemon):
    with asking(daemon, 'asks-delay', 'embedded', ) as proxy:
        asked = {'x-vaurien-fault': f'delay sleep={200 * MS}'}
        begun = time.monotonic()
        assert by_httpx(proxy.port, '/echo', 'x' * 200000, fields=asked).body == b'x' * 200000
        assert time.monotonic() - begun >= 200 * MS
        with proxy.plan('GET /status/* = 502'):
            assert by_httpx(proxy.port, '/status/200', fields={'x-vaurien-fault': '504'}).status == 502
