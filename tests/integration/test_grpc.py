"""gRPC through vaurien: what grpcio raises at each kind is what it raises at a server that fails so itself."""
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.support import http2
from tests.support.grpc_peers import BOTH, DOWN, UNARY, UP, Outcome, Raw, Server, call, channel, server
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.proxied import between, entry
from tests.support.recorded import recorded
from tests.support.tls import certificates
from tests.support.unit_of_time import PATIENCE
from vaurien.protocols import Protocol
from vaurien.protocols.http.failures import page
from vaurien.protocols.http.grpc.failures import BROKEN_MESSAGE, CUTS, EMPTY_MESSAGE, PAGES, WORDS, kind_of
from vaurien.spec import BehaviorSpec

HTML = [('content-type', 'text/html; charset=utf-8')]
OF_GRPC = [(':status', '200'), ('content-type', 'application/grpc')]
ALL = {UNARY: [b'hello'], DOWN: [b'4'], UP: [b'a', b'b', b'c'], BOTH: [b'a', b'b', b'c']}
CALLS = [(method, *messages) for method, messages in ALL.items()]


def through(daemon, name, backend, *mix, protocol='http', **fields):
    return between(daemon, name, backend, protocol, list(mix), **fields)


def error(kind, **more):
    return entry('error', 100, kind=kind, **more)


@pytest.mark.parametrize('protocol', ['http', 'grpc'])
def test_calls_of_all_four_sorts_differ_in_nothing(daemon, protocol):
    with server() as backend, through(daemon, f'grpc-calm-{protocol}', backend, protocol=protocol) as proxy, \
            channel(backend.port) as direct, channel(proxy.port) as proxied:
        for method, messages in ALL.items():
            outcome = call(proxied, method, *messages)
            assert outcome == call(direct, method, *messages)
            assert outcome.code == 'OK'
        assert (proxy.count('exchanges'), proxy.unread) == (4, [])


@pytest.mark.parametrize('status', WORDS)
def test_a_status_is_the_one_of_a_server_that_says_it(daemon, status):
    kind, words = kind_of(status), WORDS[status][0]
    with server() as backend, through(daemon, f'grpc-{status}', backend, error(kind)) as proxy, \
            channel(backend.port) as direct, channel(proxy.port) as proxied:
        failed = {method: call(proxied, method, *messages) for method, messages in ALL.items()}
        assert backend.echo.calls == []
        backend.echo.fails = grpc.StatusCode[status], words, ()
        assert failed == {method: call(direct, method, *messages) for method, messages in ALL.items()}
        assert set(failed.values()) == {Outcome(status, words)}
        assert [(fault.request, fault.kind) for fault in proxy.faults] == [(method, kind) for method in ALL]
        proxy.meet()
        assert call(proxied).code == status     # the backend's own
        backend.echo.fails = None
        assert call(proxied) == Outcome('OK', '', (b'hello',))


RAW = {
    **{f'grpc-http-{status}': ([(':status', str(status)), *HTML], page(status), None) for status in PAGES},
    'grpc-no-status': (OF_GRPC, EMPTY_MESSAGE, None),
    'grpc-half-message': (OF_GRPC, BROKEN_MESSAGE, [('grpc-status', '0')]),
}


@pytest.mark.parametrize('kind', RAW)
@pytest.mark.parametrize('method', [UNARY, DOWN])
def test_what_no_server_of_grpc_says_is_taken_as_from_one_that_does(daemon, kind, method):
    backend = Raw(*RAW[kind])
    try:
        with server() as other, through(daemon, f'{kind}-{method[-4:]}', other, error(kind)) as proxy, \
                channel(int(backend.address.rpartition(':')[2])) as direct, channel(proxy.port) as proxied:
            outcome, wanted = (call(opened, method, b'3') for opened in (proxied, direct))
            assert outcome[:2] == wanted[:2]
            if kind.startswith('grpc-http-'):
                status = int(kind.rpartition('-')[2])
                assert outcome == wanted == Outcome(PAGES[status][0], f'Received http2 header with status: {status}')
            elif kind == 'grpc-half-message':
                assert outcome == wanted == Outcome('OK', '', (None,) if method == UNARY else ())
            else:       # whether the message before it is handed on is a race in the client
                assert outcome.code == 'UNKNOWN'
            assert other.echo.calls == []
            proxy.meet()
            assert call(proxied).code == 'OK'
    finally:
        backend.stop()


def test_a_stream_that_is_cut_is_that_of_a_server_that_is_stopped(daemon):
    backend, got = Server(), []
    with channel(backend.port) as direct:
        stream = direct.unary_stream(DOWN)(b'1', timeout=30)
        got.append(next(stream))
        threading.Thread(target=backend.stop).start()
        with pytest.raises(grpc.RpcError) as raised:
            next(stream)
    stopped = Outcome(raised.value.code().name, raised.value.details(), tuple(got))
    with server() as backend, through(daemon, 'grpc-cut', backend, error('grpc-cut')) as proxy, channel(proxy.port) as proxied:
        assert call(proxied, DOWN, b'1') == call(proxied, BOTH, b'0', b'1') == stopped     # one stream is open, one goes on
        assert call(proxied, UNARY) == stopped._replace(messages=())
        proxy.meet()
        assert len(call(proxied, DOWN, b'40').messages) == 40


@pytest.mark.parametrize('count', [0, 2, 5, 9])
def test_a_stream_is_cut_after_as_many_messages_as_were_asked_for(daemon, count):
    with server() as backend, through(daemon, f'grpc-cut-{count}', backend, error('grpc-cut', match='Down'),
                                      protocol_settings={'grpc_cut_after': count}) as proxy, channel(proxy.port) as proxied:
        whole = tuple(b'%d' % number * (number * 10_000 + 1) for number in range(6))
        streams = [call(proxied, DOWN, b'6') for _ in range(3)]
        assert {stream.messages for stream in streams} == {whole[:count]}
        assert {(stream.code, stream.words) for stream in streams} == {('UNAVAILABLE', 'Cancelling all calls')}
        assert call(proxied, UNARY, b'x' * 300_000) == Outcome('OK', '', (b'x' * 300_000,))
        backend.echo.fails = grpc.StatusCode.ABORTED, 'its own', ()
        assert call(proxied, DOWN, b'6') == Outcome('ABORTED', 'its own')


def test_what_happens_to_a_call_happens_to_no_other_of_the_connection(daemon):
    # which close the connection, hang, or are none to a stream
    others = {*CUTS, 'grpc-two-messages', 'grpc-message-too-long', 'grpc-slow'}
    kinds = [kind for kind in Protocol.get('grpc').errors if kind.startswith('grpc-') and kind not in others]
    mix = [entry('error', 50 / len(kinds), kind=kind, match='/Down$') for kind in kinds]
    whole = tuple(b'%d' % number * (number * 10_000 + 1) for number in range(5))
    with server() as backend, through(daemon, 'grpc-many', backend, *mix, protocol_settings={'grpc_cut_after': 3}) as proxy, \
            channel(proxy.port) as proxied, ThreadPoolExecutor(12) as pool:
        calls = [pool.submit(call, proxied, DOWN, b'5') if turn % 2 else pool.submit(call, proxied, UNARY, b'%d' % turn * 999)
                 for turn in range(600)]
        outcomes = [made.result() for made in calls]
        assert outcomes[::2] == [Outcome('OK', '', (b'%d' % turn * 999,)) for turn in range(0, 600, 2)]
        streams = outcomes[1::2]
        silent = sum(fault.kind == 'grpc-half-message' for fault in proxy.faults)
        assert sum(stream.messages == whole and stream.code == 'OK' for stream in streams) == 300 - len(proxy.faults)
        assert sum(stream == Outcome('OK', '') for stream in streams) == silent
        assert sum(stream.code != 'OK' for stream in streams) == len(proxy.faults) - silent > 100
        assert {stream.messages for stream in streams if stream.words == 'Cancelling all calls'} == {whole[:3]}
        assert (proxy.count('accepted'), proxy.count('exchanges'), proxy.unread) == (1, 600, [])


def test_the_backend_of_a_stream_that_is_cut_is_told_to_end_it(daemon):
    backend = Raw(OF_GRPC, EMPTY_MESSAGE * 2 + bytes(16_000), ends=False)
    try:
        with through(daemon, 'grpc-told', backend, error('grpc-cut')) as proxy, channel(proxy.port) as proxied:
            for _ in range(200):     # more than the window of the connection
                assert call(proxied, DOWN, b'3') == Outcome('UNAVAILABLE', 'Cancelling all calls', (b'',))
            eventually(lambda: backend.resets == [8] * 200, 'all resets')
            assert backend.errors == []
    finally:
        backend.stop()


RETRYING = json.dumps({'methodConfig': [{'name': [{}], 'retryPolicy': {
    'maxAttempts': 3, 'initialBackoff': '0.01s', 'maxBackoff': '0.01s', 'backoffMultiplier': 1,
    'retryableStatusCodes': ['UNAVAILABLE']}}]})


@pytest.mark.parametrize('wait, tries', [(20, 3), (-1, 1)])
def test_a_client_that_retries_heeds_what_pushes_it_back(daemon, wait, tries):
    policy = ('grpc.service_config', RETRYING)
    with server() as backend, through(daemon, f'grpc-push-{wait}', backend, error('grpc-retry-pushback'),
                                      protocol_settings={'grpc_pushback': wait}) as proxy, \
            channel(backend.port, policy) as direct, channel(proxy.port, policy) as proxied:
        failed = call(proxied)
        backend.echo.fails = grpc.StatusCode.UNAVAILABLE, failed.words, (('grpc-retry-pushback-ms', str(wait)),)
        assert failed == call(direct)
        assert (len(proxy.faults), len(backend.echo.calls)) == (tries, tries)


@pytest.mark.parametrize('kind, code', [
    ('refused-stream', 'UNAVAILABLE'), ('internal-error', 'INTERNAL'), ('enhance-your-calm', 'RESOURCE_EXHAUSTED'),
    ('cancel', 'CANCELLED'), ('503', 'UNAVAILABLE'), ('14', 'UNAVAILABLE'), ('RESOURCE_EXHAUSTED', 'RESOURCE_EXHAUSTED'),
    ('lost-reply', 'INTERNAL'), ('goaway-drain', 'OK')])
def test_kinds_of_http2_and_codes_fit_a_call(daemon, kind, code):
    with server() as backend, through(daemon, f'grpc-h2-{kind}', backend, error(kind)) as proxy, channel(proxy.port) as proxied:
        assert call(proxied).code == code
        assert len(proxy.faults) == 1


@pytest.mark.parametrize('protocol', ['http', 'grpc'])
@pytest.mark.parametrize('method', ALL)
def test_a_call_gets_a_response_of_ones_own_as_a_page_of_a_balancer(daemon, protocol, method):
    mix = entry('error', status=429, header='x-a: b', body='slow down')
    name = f'grpc-own-{protocol}-{method.rpartition("/")[2]}'
    with server() as backend, through(daemon, name, backend, mix, protocol=protocol) as proxy, channel(proxy.port) as proxied:
        assert call(proxied, method, *ALL[method]).code == 'UNAVAILABLE'
        assert [fault.kind for fault in proxy.faults] == ['response']
        assert backend.echo.calls == []


def test_a_call_within_a_quota_says_what_is_left_and_its_fields_are_changed(daemon):
    mix = entry('error', quota='2/1h')
    with server() as backend, through(daemon, 'grpc-quota', backend, mix) as proxy, channel(proxy.port) as proxied:
        assert [call(proxied).code for _ in range(3)] == ['OK', 'OK', 'UNAVAILABLE']
        assert len(backend.echo.calls) == 2
    mix = entry('edit', add='x-b: c', keep=1)
    with server() as backend, through(daemon, 'grpc-edit', backend, mix) as proxy, channel(proxy.port) as proxied, \
            channel(backend.port) as direct:
        assert [call(proxied, *asked) for asked in CALLS] == [call(direct, *asked) for asked in CALLS]
        assert [fault.kind for fault in proxy.faults] == ['edited'] * len(ALL)


@pytest.mark.parametrize('protocol', ['http', 'grpc'])
def test_what_is_drawn_at_random_at_a_call_is_what_grpc_has(daemon, protocol):
    drawn = {kind for kind, row in Protocol.get('grpc').errors.items() if not row.only_named}
    with server() as backend, through(daemon, f'grpc-any-{protocol}', backend, entry('error'), protocol=protocol) as proxy, \
            channel(proxy.port) as proxied:
        codes = {call(proxied).code for _ in range(120)}
        assert {fault.kind for fault in proxy.faults} == drawn
        assert codes == {'CANCELLED', 'UNKNOWN', 'DEADLINE_EXCEEDED', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'ABORTED',
                         'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'UNAUTHENTICATED'}


def test_protocol_grpc_draws_nothing_for_other_requests_and_its_kinds_wait_for_a_call(daemon):
    with http2.server() as backend, through(daemon, 'grpc-others', backend, entry('error'), protocol='grpc') as proxy, \
            http2.Client(proxy.port) as client:
        assert [client.get(f'/bytes/{number}').status for number in range(20)] == [200] * 20
        assert proxy.faults == []
        web = client.get('/bytes/7', method='POST', fields=[('content-type', 'application/grpc-web+proto')])
        assert (web.body, proxy.faults) == (http2.pattern(7), [])
        answer = client.get('/a.B/C', method='POST', fields=[('content-type', 'application/grpc+json')])
        assert dict(answer.fields).get(b'content-type', b'').startswith((b'application/grpc', b'text/html'))
        assert [fault.request for fault in proxy.faults] == ['/a.B/C']


def test_inside_tls_a_call_is_known_and_fails_as_in_the_clear():
    files = certificates()
    inside = {'proxy': 'tls://127.0.0.1:0', 'protocol': 'grpc', **files.both}
    with server(files) as backend, \
            hosted(spec_for(f'tls://localhost:{backend.port}', fault('UNAVAILABLE', 'Down'), **inside)) as host, \
            channel(host.port, files=files) as proxied:
        assert call(proxied) == Outcome('OK', '', (b'hello',))
        assert call(proxied, DOWN, b'3') == Outcome('UNAVAILABLE', WORDS['UNAVAILABLE'][0])
        assert [method for method, _ in backend.echo.calls] == [UNARY]


def test_a_client_that_waits_for_a_message_before_it_goes_on_is_answered(daemon):
    waits = threading.Event()

    def messages():
        yield b'first'
        waits.wait(PATIENCE)
    with server() as backend, through(daemon, 'grpc-waits', backend, error('grpc-unavailable')) as proxy, \
            channel(proxy.port) as proxied:
        stream = proxied.stream_stream(BOTH)(messages(), timeout=PATIENCE)
        with pytest.raises(grpc.RpcError) as raised:
            next(stream)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert call(proxied).code == 'UNAVAILABLE'
        waits.set()


def fault(kind, match):
    return BehaviorSpec(name='error', percent=100, settings={'kind': kind, 'match': match}),


@pytest.mark.parametrize('kind, wanted', [
    ('', [(UNARY, 'ok', '0'), (DOWN, 'ok', '0'), (DOWN, 'NOT_FOUND', '5'), ('/a.B/C', 'UNIMPLEMENTED', '12')]),
    ('grpc-aborted', [(UNARY, 'ok', '0'), (DOWN, 'ABORTED', '10'), (DOWN, 'ABORTED', '10'), ('/a.B/C', 'UNIMPLEMENTED', '12')]),
    ('grpc-cut', [(UNARY, 'ok', '0'), (DOWN, 'UNAVAILABLE', '14'), (DOWN, 'NOT_FOUND', '5'), ('/a.B/C', 'UNIMPLEMENTED', '12')]),
    ('grpc-http-503', [(UNARY, 'ok', '0'), (DOWN, '503', '503'), (DOWN, '503', '503'), ('/a.B/C', 'UNIMPLEMENTED', '12')]),
    ('lost-reply', [(UNARY, 'ok', '0'), (DOWN, '', ''), (DOWN, 'NOT_FOUND', '5'), ('/a.B/C', 'UNIMPLEMENTED', '12')])])
def test_a_call_reads_in_the_journal_by_the_name_of_its_status(kind, wanted):
    with server() as backend, recorded(backend, 'http', fault(kind, '/Down$') if kind else '') as record, \
            channel(record.port) as proxied:
        call(proxied)
        call(proxied, DOWN, b'3')
        backend.echo.fails = grpc.StatusCode.NOT_FOUND, 'no such thing', ()
        call(proxied, DOWN, b'3')
        with pytest.raises(grpc.RpcError):
            proxied.unary_unary('/a.B/C')(b'', timeout=PATIENCE)
        found = record.wait(4)
        assert [(one.name, one.answer, one.code) for one in found] == wanted
        assert {one.shape for one in found} == {UNARY, DOWN, '/a.B/C'}
