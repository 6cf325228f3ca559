"""Spans of OpenTelemetry, from the request of a real client to a collector that decodes them with the official protobufs."""
import contextlib
import http.client
import subprocess
import sys

import httpx
import psycopg
import pymysql
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from tests.support import grpc_peers
from tests.support.collector import Collector, collecting
from tests.support.daemon import ROOT, daemon, environment, run_to_end
from tests.support.hosting import eventually
from tests.support.peers import connect, read_exactly
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.unit_of_time import PATIENCE

TRACE, PARENT = '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'
CARRIED = f'00-{TRACE}-{PARENT}-01'
COMMENT = f"/*action='%2Fitems',traceparent='{CARRIED}',tracestate='a%3D1'*/"
ENCODED = f"/*traceparent='{CARRIED.replace('-', '%2D')}'*/"
SECRET = 'hunter2hunter2'

INI = """
[vaurien]
fleet_only = true
otel = true
otel_url = {url}
http = true
http_port = 0
http_times = true
seed = 5
fault = cache: SET user:* #1 = readonly

[behavior:delay]
sleep = 0

[behavior:error]
kind = 503
match = /bad
"""
PROXY = """
[proxy:{name}]
proxy = 127.0.0.1:0
backend = {backend}
protocol = {protocol}
behavior = {mix}
"""


@pytest.fixture(scope='module')
def collector():
    with collecting() as running:
        yield running


@pytest.fixture(scope='module')
def calls():
    with grpc_peers.server() as running:
        yield running


@pytest.fixture(scope='module')
def process(collector, calls, redis_server, postgres_server, mariadb_server, tmp_path_factory):
    """One vaurien with a proxy for each protocol."""
    proxies = {
        'web': ('embedded', 'http', '100:error'), 'slow': ('embedded', 'http', '100:delay'),
        'cache': (redis_server.address, 'redis', '100:dummy'), 'pg': (postgres_server.address, 'postgres', '100:delay'),
        'my': (mariadb_server.address, 'mysql', '100:delay'), 'calls': (calls.address, 'grpc', '100:delay'),
        'keys': (redis_server.address, 'redis', '100:delay'), 'bytes': ('embedded', 'tcp', '100:delay')}
    ini = tmp_path_factory.mktemp('otel') / 'vaurien.ini'
    ini.write_text(INI.format(url=collector.url) + ''.join(
        PROXY.format(name=name, backend=where, protocol=protocol, mix=mix) for name, (where, protocol, mix) in proxies.items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('OTEL_BSP_SCHEDULE_DELAY', '20')
        with daemon('--config', str(ini), proxies=len(proxies)) as running:
            yield running


@pytest.fixture
def port(process):
    """Return the port of a proxy by its name."""
    return lambda name: process.proxies[name][1]


def the(collector: Collector, shape: str, count: int = 1):
    """Wait for the spans of requests of a shape, and return them; one of them is returned alone."""
    def found():
        return [span for span in collector.spans if span.attributes.get('vaurien.request.shape', '') == shape]
    eventually(lambda: len(found()) >= count, f'a span of {shape}: {[span.name for span in collector.spans]}')
    return found()[0] if count == 1 else found()


def get(where: int, path: str, *headers: tuple[str, str]) -> int:
    with contextlib.closing(http.client.HTTPConnection('127.0.0.1', where, timeout=PATIENCE)) as connection:
        connection.putrequest('GET', path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        response.read()
        return response.status


# -- what a span says

def test_a_request_that_was_failed_is_a_span_of_the_clients_trace(collector, port):
    assert get(port('web'), '/bad/77?page=2', ('traceparent', CARRIED)) == 503
    span = the(collector, 'GET /bad/??page=?')
    assert (span.name, span.trace, span.parent, span.error, span.events) == ('GET /bad/??page=?', TRACE, PARENT, '503', ['fault'])
    assert 0 < span.end - span.begin < PATIENCE * 1e9
    said = {**span.attributes}
    assert said.pop('vaurien.fault.id') >= 1
    assert said.pop('vaurien.session') >= 1
    assert said.pop('vaurien.request.size') > 0 < said.pop('vaurien.response.size')
    assert said == {
        'vaurien.proxy': 'web', 'vaurien.protocol': 'http', 'vaurien.backend': 'embedded', 'vaurien.exchange': 1,
        'vaurien.request.shape': 'GET /bad/??page=?', 'vaurien.request.stage': 'page', 'vaurien.response.answer': '503',
        'vaurien.response.code': '503', 'vaurien.fault.behavior': 'error', 'vaurien.fault.kind': '503', 'error.type': '503',
        'http.request.method': 'GET', 'http.route': '/bad/?', 'http.response.status_code': 503, 'network.protocol.name': 'http'}
    assert {name: span.resource[name] for name in ('service.name', 'vaurien.seed')} == \
        {'service.name': 'vaurien', 'vaurien.seed': '5'}


def test_a_request_that_nothing_happens_to_has_no_span(collector, port):
    assert get(port('web'), '/?fine=1') == 200
    assert get(port('web'), '/bad/after') == 503
    the(collector, 'GET /bad/after')
    assert not [span for span in collector.spans if 'fine' in span.name]


def test_a_response_that_came_late_is_no_error(collector, port):
    assert get(port('slow'), '/?late=1') == 200
    span = the(collector, 'GET /?late=?')
    assert (span.error, span.parent, span.attributes['vaurien.fault.behavior']) == ('', '', 'delay')
    assert 'error.type' not in span.attributes


def test_without_a_parent_each_is_a_trace_of_its_own_and_names_its_entry_of_the_plan(collector, port):
    with redis.Redis(port=port('cache')) as client:
        with pytest.raises(redis.exceptions.ReadOnlyError):
            client.set('user:1234', SECRET)
        client.set('user:1235', SECRET)
    span = the(collector, 'SET user:?')
    assert len(span.trace) == 32
    assert (span.parent, span.error) == ('', 'READONLY')
    assert {'vaurien.plan.entry': 1, 'db.system.name': 'redis', 'db.operation.name': 'SET', 'db.query.text': 'SET user:?',
            'db.response.status_code': 'READONLY', 'vaurien.proxy': 'cache'}.items() <= span.attributes.items()
    assert span.attributes['server.port'] > 0


def connected_to_postgres(port):
    return psycopg.connect(host='127.0.0.1', port=port('pg'), user=USER, password=PASSWORD, dbname=DATABASE, sslmode='disable')


@pytest.mark.parametrize('comment', [COMMENT, ENCODED], ids=['within others', 'URL-encoded'])
def test_postgres_carries_a_trace_in_a_comment(collector, port, comment):
    name = f'c{len(comment)}'
    with connected_to_postgres(port) as client:
        assert client.execute(f'SELECT 1 AS {name} {comment}').fetchone() == (1,)
        assert client.execute(f'SELECT %s::int AS {name} {comment.replace("%", "%%")}', [7]).fetchone() == (7,)
    simple, extended = the(collector, f'SELECT ? AS {name}'), the(collector, f'SELECT ?::int AS {name}')
    assert [(span.trace, span.parent) for span in (simple, extended)] == [(TRACE, PARENT)] * 2
    assert (simple.attributes['db.system.name'], simple.attributes['db.operation.name']) == ('postgresql', 'SELECT')


@pytest.mark.parametrize('comment', [COMMENT, ENCODED], ids=['within others', 'URL-encoded'])
def test_mysql_carries_a_trace_in_a_comment(collector, port, comment):
    name = f'c{len(comment)}m'
    with pymysql.connect(host='127.0.0.1', port=port('my'), user=USER, password=PASSWORD, database=DATABASE) as client, \
            client.cursor() as cursor:
        cursor.execute(f'SELECT 1 AS {name} {comment}')
        cursor.execute(f'SELECT 1 IN ({"1, " * 2_000}1) AS {name} {comment}')   # longer than the names that are kept
    short = the(collector, f'SELECT ? AS {name}')
    long = eventually(lambda: [span for span in collector.spans if span.name.startswith('SELECT ? IN')])[-1]
    assert [(span.trace, span.parent) for span in (short, long)] == [(TRACE, PARENT)] * 2
    assert short.attributes['db.system.name'] == 'mysql'


def test_a_call_of_grpc_and_a_stream_of_http_2_carry_theirs(collector, port):
    with grpc_peers.channel(port('calls')) as opened:
        assert opened.unary_unary(grpc_peers.UNARY)(b'x', timeout=PATIENCE, metadata=[('traceparent', CARRIED)]) == b'x'
    span = the(collector, grpc_peers.UNARY)
    assert (span.trace, span.parent) == (TRACE, PARENT)
    assert {'rpc.system': 'grpc', 'rpc.service': grpc_peers.SERVICE, 'rpc.method': 'Unary', 'rpc.grpc.status_code': 0,
            'network.protocol.version': '2'}.items() <= span.attributes.items()
    with httpx.Client(http1=False, http2=True, trust_env=False) as client:
        client.get(f'http://127.0.0.1:{port("slow")}/?two=1', headers={'traceparent': CARRIED})
    span = the(collector, 'GET /?two=?')
    assert (span.trace, span.parent, span.attributes['network.protocol.version']) == (TRACE, PARENT, '2')


def test_what_knows_no_requests_is_named_by_its_protocol(collector, port):
    with connect(port('bytes')) as client:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        read_exactly(client, 12)
    span = eventually(lambda: [span for span in collector.spans if span.name == 'tcp'])[0]
    assert span.attributes['vaurien.fault.behavior'] == 'delay'


# -- what clients send

@pytest.mark.parametrize('carried', [
    'nonsense', '\x01\x7f\xff', CARRIED.upper(), f'00-{"0" * 32}-{PARENT}-01', '0' * 4096, CARRIED + ',' + CARRIED],
    ids=['nonsense', 'control characters', 'upper case', 'no trace', '4 KB', 'two'])
def test_a_parent_that_is_none_makes_a_trace_of_its_own(collector, port, carried, request):
    path = '/bad/' + request.node.callspec.id.replace(' ', '-').replace('4', 'four-')
    assert get(port('web'), path, ('traceparent', carried)) == 503
    span = the(collector, f'GET {path}')
    assert (span.parent, span.trace == TRACE) == ('', False)


def test_names_of_any_sort_are_text_and_bounded(collector, port):
    with connect(port('web')) as client:
        for name in (b'/bad/\xff\xe2\x80\xae<script>', b'/bad/' + b'a/' * 2_048):
            client.sendall(b'GET %b HTTP/1.1\r\nHost: x\r\n\r\n' % name)
            read_exactly(client, 12)
            eventually(lambda client=client: client.recv(65536))
    strange = eventually(lambda: [span for span in collector.spans if 'script' in span.name])[0]
    assert strange.name.isprintable()
    long = eventually(lambda: [span for span in collector.spans if 'a/a/' in span.name])[0]
    assert len(long.name) <= 100 < len(long.attributes['vaurien.request.shape']) <= 256


def test_no_value_leaves_by_a_span(collector, port):
    """Keys, values, parameters, literals and logins stay here; the shapes leave."""
    with connect(port('keys')) as client:
        client.sendall(b'AUTH %b\r\nSET token:1 %b\r\n' % (SECRET.encode(), SECRET.encode()))
        read_exactly(client, 10)
    assert get(port('web'), f'/bad/token/{SECRET}?password={SECRET}') == 503
    with connected_to_postgres(port) as client:
        client.execute(f"SELECT '{SECRET}' AS secret")
    the(collector, 'GET /bad/token/??password=?')
    the(collector, 'SELECT ? AS secret')
    the(collector, 'AUTH')
    the(collector, 'SET token:?')
    assert SECRET not in repr(collector.spans)


def test_what_was_sent_is_counted(process, collector):
    collector.wait(1)
    text = eventually(lambda: (found := httpx.get(process.control + '/metrics', trust_env=False).text)
                      and 'vaurien_spans_sent_total 0.0' not in found and found)
    assert 'vaurien_spans_lost_total 0.0' in text


def test_prometheus_reads_all_of_it_at_once(process, collector, port):
    """Faults, the plan, a scenario, times and spans, as its own parser reads them."""
    scenario = {'name': 'a "storm"', 'phase': [{'name': 'calm', 'for': '1h'}]}
    get(port('web'), '/bad/read')
    the(collector, 'GET /bad/read')
    with httpx.Client(base_url=process.control, trust_env=False) as control, \
            control.stream('POST', '/v1/scenario', json={'scenario': scenario}) as played:
        assert next(played.iter_text())
        text = control.get('/metrics').text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    found = {(sample.name, *sorted(sample.labels.items())): sample.value
             for family in families.values() for sample in family.samples}
    assert found['vaurien_faults_total', ('behavior', 'error'), ('kind', '503'), ('proxy', 'web')] >= 1
    assert found['vaurien_plan_matched_total', ('entry', '1')] >= 0
    assert [dict(labels) for name, *labels in found if name == 'vaurien_scenario_playing'] == [{'scenario': 'a "storm"'}]
    times = families['vaurien_exchange_seconds']
    assert times.type == 'histogram'
    assert found['vaurien_exchange_seconds_count', ('outcome', 'fault'), ('protocol', 'http'), ('proxy', 'web')] >= 1
    assert found['vaurien_spans_sent_total',] >= 1
    assert found['vaurien_spans_lost_total',] == 0


# -- collectors

@contextlib.contextmanager
def failing(*flags: str, **variables: str):
    """Run a vaurien whose proxy fails each request with 503; give it and its port."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {'OTEL_BSP_SCHEDULE_DELAY': '20', **variables}.items():
            patch.setenv(name, value)
        with daemon('--otel', '--backend', 'embedded', '--protocol', 'http', '--behavior', '100:error', '--behavior-error-kind',
                    '503', '--http', '--http-port', '0', '--grace', '0', *flags) as running:
            yield running


def test_the_environment_says_where_to_and_what_else_operators_tell_exporters():
    with collecting() as collector, failing(
            '--otel-all', '--behavior-error-match', '/bad', OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_HEADERS='api-key=secret', OTEL_EXPORTER_OTLP_COMPRESSION='gzip', OTEL_SERVICE_NAME='chaos',
            OTEL_RESOURCE_ATTRIBUTES='deployment.environment.name=ci', OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf') as running:
        get(running.port, '/bad', ('traceparent', CARRIED[:-1] + '0'))      # not sampled
        get(running.port, '/?fine=1', ('traceparent', CARRIED))
        get(running.port, '/nowhere')
        running.stop()      # the rest is sent at once
        assert [(span.name, span.trace == TRACE, span.error) for span in collector.spans] == \
            [('GET /?fine=?', True, ''), ('GET /nowhere', False, '')]
        assert collector.spans[0].resource['service.name'] == 'chaos'
        assert collector.spans[0].resource['deployment.environment.name'] == 'ci'
        assert collector.headers['api-key'] == 'secret'
        assert 'secret' not in running.log


def test_a_collector_that_is_gone_costs_spans_and_nothing_else():
    with collecting() as gone:
        pass
    with failing('--otel-url', gone.url, OTEL_EXPORTER_OTLP_TIMEOUT='0.2') as running:
        for _ in range(5):
            assert get(running.port, '/') == 503
        running.wait_for('spans are lost')
        assert get(running.port, '/') == 503
        text = eventually(lambda: (found := httpx.get(running.control + '/metrics', trust_env=False).text)
                          and 'vaurien_spans_lost_total 0.0' not in found and found)
        assert 'vaurien_spans_sent_total 0.0' in text
        assert running.stop() == 0
        assert running.log.count('spans are lost') == 1
        assert 'spans lost: 6; sent: 0' in running.log
        assert 'opentelemetry' not in running.log
        assert 'Traceback' not in running.log


def test_a_collector_that_refuses_is_said_once():
    with collecting() as collector:
        collector.status = 400
        with failing('--otel-url', collector.url) as running:
            get(running.port, '/')
            running.wait_for('spans are lost, .*: .*400')


def test_a_collector_that_says_nothing_holds_up_neither_requests_nor_the_end():
    with collecting() as collector:
        collector.lets.clear()
        with failing('--otel-url', collector.url, OTEL_EXPORTER_OTLP_TIMEOUT='1000') as running:
            for _ in range(20):
                assert get(running.port, '/') == 503
            assert running.stop() == 0
            assert 'spans lost: 20; sent: 0' in running.log


# -- the command line

@pytest.mark.parametrize('arguments, said', [
    (['--otel-all'], '--otel-all: True is not valid, expected --otel beside it'),
    (['--otel-url', 'http://there'], "--otel-url: 'http://there/v1/traces' is not valid, expected --otel beside it"),
    *((['--otel', '--otel-url', url],
       f'--otel-url: {url!r} is not valid, expected such as http://localhost:4318, with no name, password or query in it')
      for url in ('there:4318', 'ftp://there', 'http://', 'http://there:0', 'http://there:99999', 'http://a:b@there',
                  'http://there/?a=b')),
], ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_what_cannot_be_is_said_in_a_line(arguments, said):
    done = run_to_end(*arguments)
    assert (done.returncode, done.stderr) == (2, f'vaurien: {said}\n')


def test_what_the_environment_says_that_cannot_be_is_refused(monkeypatch):
    monkeypatch.setenv('OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc')
    done = run_to_end('--otel', '--proxy', '127.0.0.1:0')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.splitlines()[-1] == \
        "vaurien: OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not valid, expected http/protobuf, or --otel-url beside it"
    monkeypatch.setenv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf')
    monkeypatch.setenv('OTEL_BSP_SCHEDULE_DELAY', 'soon')
    assert run_to_end('--otel', '--proxy', '127.0.0.1:0').stderr.splitlines()[-1] == \
        "vaurien: OTEL_BSP_SCHEDULE_DELAY: 'soon' is not valid, expected milliseconds, an integer of at most 6 digits"


WITHOUT = """
import sys
sys.modules['opentelemetry.sdk'] = sys.modules['opentelemetry.exporter'] = None
from vaurien.cli import main
sys.exit(main(['--proxy', '127.0.0.1:0', '--otel']))
"""


def test_without_the_extra_it_is_said_in_a_line():
    done = subprocess.run([sys.executable, '-c', WITHOUT], cwd=ROOT, env=environment(), capture_output=True, text=True,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (1, '')
    line = done.stderr.splitlines()[-1]
    assert line.startswith('vaurien: --otel needs the extra vaurien[otel]: pip install "vaurien[otel]" (')
    assert 'Traceback' not in done.stderr
