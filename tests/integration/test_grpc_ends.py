"""Calls of gRPC that end as no server of grpcio ends them, and streams that end after so many messages."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import http2
from tests.support.grpc_peers import DOWN, UNARY, Outcome, Raw, call, channel, server
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS
from vaurien.protocols.http.grpc.failures import COMPRESSED_MESSAGE, CUTS, EMPTY_MESSAGE, LONG_MESSAGE
from vaurien.protocols.http.h2.failures import RESETS

OF_GRPC = [(':status', '200'), ('content-type', 'application/grpc')]
SOON = 400 * MS     #: [s] of a call that would hang
OK = [('grpc-status', '0')]
#: what a server sends that does so itself, and what a unary call makes of it
RAW = {
    'grpc-two-messages': ((OF_GRPC, EMPTY_MESSAGE * 2, OK), 'DEADLINE_EXCEEDED'),
    'grpc-message-too-long': ((OF_GRPC, LONG_MESSAGE, None, False), 'RESOURCE_EXHAUSTED'),
    'grpc-compressed': ((OF_GRPC, COMPRESSED_MESSAGE, OK), 'INTERNAL'),
    'grpc-odd-status': ((OF_GRPC, b'', [('grpc-status', '99')]), 'UNKNOWN'),
}
#: what comes of a stream that is cut
CUT = {'grpc-cut-reset': 'INTERNAL', 'grpc-cut-cancel': 'CANCELLED', 'grpc-cut-close': 'UNAVAILABLE',
       'grpc-cut-stall': 'DEADLINE_EXCEEDED', 'grpc-goaway': 'UNAVAILABLE'}
WHOLE = tuple(b'%d' % number * (number * 10_000 + 1) for number in range(6))


def error(kind, match='/Down$'):
    return entry('error', 100, kind=kind, match=match)


@pytest.mark.parametrize('kind', RAW)
@pytest.mark.parametrize('method', [UNARY, DOWN])
def test_what_no_server_of_grpc_sends_is_taken_as_from_one_that_does(daemon, kind, method):
    sent, status = RAW[kind]
    backend = Raw(*sent)
    try:
        with server() as other, between(daemon, f'{kind}-{method[-4:]}', other, 'http', [error(kind, '')]) as proxy, \
                channel(int(backend.address.rpartition(':')[2])) as direct, channel(proxy.port) as proxied:
            outcome, wanted = (call(opened, method, b'3', within=SOON) for opened in (proxied, direct))
            assert outcome == wanted
            assert outcome.code == ('OK' if (kind, method) == ('grpc-two-messages', DOWN) else status)
            assert other.echo.calls == []
            proxy.meet()
            assert call(proxied).code == 'OK'
    finally:
        backend.stop()


@pytest.mark.parametrize('count', [0, 2, 9])
@pytest.mark.parametrize('kind', sorted(CUTS))
def test_a_stream_ends_after_so_many_messages(daemon, kind, count):
    with server() as backend, between(daemon, f'{kind}-{count}', backend, 'http', [error(kind)],
                                      protocol_settings={'grpc_cut_after': count}) as proxy, channel(proxy.port) as proxied:
        within = SOON if kind == 'grpc-cut-stall' else 30_000 * MS
        stream = call(proxied, DOWN, b'6', within=within)
        if kind == 'grpc-goaway' and not count:
            assert stream.code in ('UNAVAILABLE', 'OK')     # no message has come: the client may call again by itself
        else:
            assert stream.code == CUT[kind]
            # a reset overtakes what the client has not read
            assert stream.messages == WHOLE[:min(count, len(stream.messages))]
        with http2.Client(proxy.port) as client:
            asked = client.ask(DOWN, b'\0\0\0\0\x016', fields=[('content-type', 'application/grpc'), ('te', 'trailers')])
            answer, whole = client.answers[asked], b''.join(b'\0' + len(one).to_bytes(4) + one for one in WHOLE[:count])
            client.until(lambda: len(answer.body) >= len(whole))
            if kind not in ('grpc-cut-stall', 'grpc-cut-close', 'grpc-goaway'):
                client.wait(asked)
            assert answer.body == whole
        proxy.meet()
        assert call(proxied) == Outcome('OK', '', (b'hello',))
        assert call(proxied, DOWN, b'6') == Outcome('OK', '', WHOLE)


@pytest.mark.parametrize('kind', ['grpc-cut-reset', 'grpc-cut-cancel', 'grpc-cut-stall'])
def test_a_stream_that_ends_ends_no_other(daemon, kind):
    with server() as backend, between(daemon, f'alone-{kind}', backend, 'http', [error(kind)]) as proxy, \
            channel(proxy.port) as proxied, ThreadPoolExecutor(8) as pool:
        made = [pool.submit(call, proxied, DOWN, b'5', within=SOON) if turn % 4 == 1
                else pool.submit(call, proxied, UNARY, b'%d' % turn * 999) for turn in range(80)]
        outcomes = [one.result() for one in made]
        assert {one.code for one in outcomes[1::4]} == {CUT[kind]}
        assert {one.messages for one in outcomes[1::4]} <= {WHOLE[:1], ()}     # grpcio drops what comes together with RST_STREAM
        assert all(outcomes[turn] == Outcome('OK', '', (b'%d' % turn * 999,)) for turn in range(80) if turn % 4 != 1)
        assert proxy.count('accepted') == 1


@pytest.mark.parametrize('kind', RESETS)
def test_codes_that_streams_are_seldom_reset_with(daemon, kind):
    with server() as backend, between(daemon, f'rst-{kind}', backend, 'http', [error(kind, '')]) as proxy, \
            channel(proxy.port) as proxied:
        assert call(proxied).code == ('PERMISSION_DENIED' if kind == 'inadequate-security' else 'INTERNAL')
        assert backend.echo.calls == []
