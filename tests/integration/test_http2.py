"""HTTP/2 through vaurien: each stream is an exchange, what happens to one happens to no other, and the rest passes as it came."""
import json
import socket
from binascii import crc32
from random import Random

import h2.events
import h2.settings
import hpack
import httpx
import pytest

from tests.support.daemon import daemon as running
from tests.support.hosting import eventually, hosted, spec_for
from tests.support.http2 import Client, pattern, server
from tests.support.peers import Backend, connect, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import SEED, between, entry, peak
from tests.support.tls import certificates, client_context, server_context
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.hpack import encoded
from vaurien.spec import BehaviorSpec

STATUSES = ('500', '501', '502', '503', '504', '429')
RESETS = {'refused-stream': 7, 'internal-error': 2, 'enhance-your-calm': 11, 'cancel': 8, 'http11-required': 13, 'reset': 2,
          'mid-reset': 2, 'mid-cancel': 8, 'lost-reply': 2, 'half-reply': 2}
TARGET = 41     #: which of a hundred requests something happens to
ODD = '/bytes/41000'
BODY = bytes(range(256)) * 2048      # 512 KiB


def paths():
    return [ODD if number == TARGET else f'/bytes/{number * 37}' for number in range(100)]


def ask_all(client):
    return dict(zip(paths(), [client.ask(path) for path in paths()], strict=True))


def rest_is_right(client, streams):
    """Wait for all but one stream, and compare what came with what the server has."""
    for path, stream in streams.items():
        if path != ODD:
            answer, = client.wait(stream)
            assert (answer.status, answer.body, answer.code) == (200, pattern(int(path.split('/')[2])), None)


def error(kind):
    return entry('error', 100, kind=kind, match=f'^GET {ODD}$')


def opened(client, *more):
    client.sendall(frames.PREFACE + frames.settings() + b''.join(more))


def request(stream, path=b'/', end=True, *more):
    fields = (b':method', b'GET'), (b':path', path), (b':scheme', b'http'), (b':authority', b'a'), *more
    return frames.headers(stream, encoded([(*field, False) for field in fields]), frames.END_STREAM if end else 0)


# -- nothing happens

def test_nothing_differs_with_a_hundred_streams_uploads_trailers_and_interim_responses(daemon):
    with server() as backend, between(daemon, 'calm', backend, 'http') as proxy, Client(proxy.port) as client:
        streams = ask_all(client)
        upload = client.ask('/echo', BODY, trailers=[('x-end', '1')])
        interim, trailers = client.ask('/interim'), client.ask('/trailers', b'abc')
        bare = client.ask('/bytes/7', method='HEAD')
        rest_is_right(client, streams)
        assert client.wait(upload)[0].body == BODY
        assert (client.wait(interim)[0].interim, client.answers[interim].status) == ([103], 200)
        assert client.wait(trailers)[0].trailers == [(b'x-sum', b'294')]
        assert client.wait(bare)[0].body == b''
        assert (proxy.count('accepted'), proxy.count('exchanges'), proxy.unread) == (1, 104, [])


def conversation():
    """Return bytes of a client that use all that RFC 9113 has: padding, priority, CONTINUATION, PING, an unknown frame."""
    asked = (b':method', b'GET', False), (b':path', b'/a', False), (b':scheme', b'http', False), (b'x', b'y' * 40, True)
    block = encoded([*asked])
    padded = bytes((3,)) + b'\0\0\0\0\x10' + block + bytes(3)
    return b''.join((
        frames.PREFACE, frames.settings((frames.INITIAL_WINDOW_SIZE, 70000)), frames.credit(0, 1000),
        frames.frame(frames.HEADERS, frames.END_HEADERS | frames.PADDED | frames.WITH_PRIORITY, 1, padded),
        frames.frame(frames.DATA, frames.PADDED, 1, b'\2hello\0\0'), frames.frame(frames.DATA, frames.END_STREAM, 1, b''),
        frames.frame(frames.HEADERS, frames.END_STREAM, 3, block[:9]), frames.frame(frames.CONTINUATION, 0, 3, block[9:20]),
        frames.frame(frames.CONTINUATION, frames.END_HEADERS, 3, block[20:]), frames.frame(frames.PING, 0, 0, b'12345678'),
        frames.frame(0xEE, 0xFF, 3, b'unknown'), frames.frame(frames.PRIORITY, 0, 7, b'\0\0\0\3\1'), frames.reset(3, 8),
        frames.goaway(0, 0, b'bye')))


@pytest.mark.parametrize('size', [1, 7, 100_000])
def test_bytes_pass_as_they_came_in_every_slicing(daemon, size):
    asked, got = conversation(), []

    def record(sock):
        sock.sendall(frames.settings((frames.MAX_CONCURRENT_STREAMS, 9)))
        got.append(read_exactly(sock, len(asked)))
        sock.sendall(frames.frame(frames.PING, frames.ACK, 0, b'12345678'))
        sock.recv(1)
    with Backend(record) as backend, between(daemon, f'verbatim{size}', backend, 'http') as proxy, connect(proxy.port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(asked), size):
            client.sendall(asked[at:at + size])
        assert read_exactly(client, 15) == frames.settings((frames.MAX_CONCURRENT_STREAMS, 9))
        assert read_exactly(client, 17) == frames.frame(frames.PING, frames.ACK, 0, b'12345678')
        assert got == [asked]
        assert (proxy.count('exchanges'), proxy.unread) == (2, [])


# -- one of a hundred

@pytest.mark.parametrize('kind', [*STATUSES, *RESETS, 'truncated', 'no-end-stream'])
def test_one_stream_of_a_hundred_fails_and_the_others_are_not_touched(daemon, kind):
    with server() as backend, between(daemon, f'one-{kind}', backend, 'http', [error(kind)]) as proxy, \
            Client(proxy.port) as client:
        streams = ask_all(client)
        odd = client.answers[streams[ODD]]
        if kind == 'truncated':     # the library ends the connection
            with pytest.raises(Exception, match='Expected'):
                client.wait()
            return
        rest_is_right(client, streams)
        if kind == 'no-end-stream':
            client.until(lambda: b'</html>' in odd.body)
            assert (odd.status, odd.over) == (200, False)
        else:
            client.wait(streams[ODD])
            begun = kind in ('mid-reset', 'mid-cancel', 'reset', 'half-reply')
            assert (odd.status, odd.code) == ((int(kind), None) if kind in STATUSES else (200 * begun, RESETS[kind]))
        if kind == 'half-reply':
            assert odd.body == pattern(41000)[:20500]
        reached = any((b':path', ODD.encode()) in fields for fields in backend.asked)
        assert reached == (kind in ('lost-reply', 'half-reply'))
        for number in range(30):    # the tables are still right
            assert client.get(f'/bytes/{number}', fields=[('x-more', f'{number % 7}')]).body == pattern(number)
        assert [(fault.request, fault.kind) for fault in proxy.faults] == [(f'GET {ODD}', kind)]


@pytest.mark.parametrize('name, code', [('abort', 2), ('blackout', 8), ('hang', None)])
def test_a_behavior_that_ends_the_connection_ends_one_stream(daemon, name, code):
    mix = [entry(name, 100, match=f'^GET {ODD}$')]
    with server() as backend, between(daemon, f'b-{name}', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        streams = ask_all(client)
        rest_is_right(client, streams)
        if code is not None:
            client.wait(streams[ODD])
        assert (client.answers[streams[ODD]].status, client.answers[streams[ODD]].code) == (0, code)
        assert any((b':path', ODD.encode()) in fields for fields in backend.asked) == (name == 'abort')
        assert client.get('/bytes/3').body == pattern(3)


DELAYED = '^(GET|POST) /(bytes/41000|echo)$'


@pytest.mark.parametrize('before', [True, False], ids=['request', 'response'])
def test_a_delay_holds_one_stream_and_nobody_else(daemon, before):
    mix = [entry('delay', 100, sleep=100 * PATIENCE, before=before, match=DELAYED)]
    with server() as backend, between(daemon, f'hold{before}', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        upload = client.ask('/echo', BODY)
        streams = ask_all(client)
        rest_is_right(client, streams)
        assert client.get('/elsewhere', content=BODY).body == BODY
        assert not client.answers[streams[ODD]].over
        assert not client.answers[upload].over


@pytest.mark.parametrize('before', [True, False], ids=['request', 'response'])
def test_what_was_late_comes_whole(daemon, before):
    mix = [entry('delay', 100, sleep=100 * MS, before=before, match=DELAYED)]
    with server() as backend, between(daemon, f'delay{before}', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        upload = client.ask('/echo', BODY)
        streams = ask_all(client)
        rest_is_right(client, streams)
        odd, sent = client.wait(streams[ODD], upload)
        assert (odd.body, sent.body) == (pattern(41000), BODY)
        assert odd.late >= 100 * MS
        assert client.get('/echo', content=b'again').body == b'again'


# -- what is dropped

def test_an_upload_that_is_answered_with_an_error_is_taken_to_its_end(daemon):
    mix = [entry('error', 100, kind='503', match='POST')]
    with server() as backend, between(daemon, 'upload', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        for _ in range(3):
            assert client.get('/echo', content=BODY).status == 503
        assert client.get('/bytes/100000').body == pattern(100000)
        assert backend.contents == {b'/bytes/100000': b''}


def test_tables_of_both_peers_are_right_after_thousands_of_requests_and_answers_that_were_dropped(daemon):
    random = Random(SEED)
    mix = [entry('error', 30, kind='503'), entry('abort', 10), entry('error', 10, kind='lost-reply')]
    with server() as backend, between(daemon, 'tables', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        sent = {}
        for number in range(2000):
            fields = [(random.choice(('x-b', 'x-a', 'authorization')), random.choice('abcdefg') * random.randrange(1, 60))
                      for _ in range(random.randrange(5))]
            sent[f'/bytes/5?{number}'.encode()] = [(name.encode(), value.encode()) for name, value in fields]
            client.ask(f'/bytes/5?{number}', fields=fields)
            if not number % 50:
                client.wait()
        client.wait()
        assert len(backend.asked) > 1000
        for fields in backend.asked:
            assert fields[4:] == sent[dict(fields)[b':path']]
        passed = [answer for answer in client.answers.values() if answer.status == 200]
        assert len(passed) > 700
        assert all(answer.body == pattern(5) for answer in passed)


def test_an_answer_of_our_own_waits_for_the_settings_of_the_backend(daemon):
    mix = [entry('error', 100, kind='503')]
    with server(greets=False) as backend, between(daemon, 'greet', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        stream = client.ask('/bytes/1')
        assert eventually(lambda: proxy.count('faults'))
        client.sock.settimeout(20 * MS)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        backend.greet.set()
        assert client.wait(stream)[0].status == 503
        assert isinstance(client.events[0], h2.events.RemoteSettingsChanged)


def test_headers_of_many_frames_are_written_anew_in_many_frames(daemon):
    mix = [entry('error', 100, kind='503', match='/swallowed')]
    with server() as backend, between(daemon, 'long', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        assert client.get('/swallowed').status == 503
        assert client.get('/bytes/9', fields=[(f'x-{number}', 'v' * 3000) for number in range(10)]).body == pattern(9)
        assert len(backend.asked[0]) == 14


def test_promises_of_a_response_that_is_dropped_are_refused_and_others_pass(daemon):
    refused = []

    def push(sock):
        answer, push = hpack.Encoder(), [(':method', 'GET'), (':path', '/style'), (':scheme', 'http'), (':authority', 'a')]
        cutter, units = frames.Frames(), []
        sock.sendall(frames.settings())
        read_exactly(sock, len(frames.PREFACE))
        while sum(kind == frames.HEADERS for kind, *_ in units) < 2:
            units += cutter.cut(sock.recv(65536))
        for stream in (1, 3):
            sock.sendall(frames.headers(stream, answer.encode(push), 0, (stream + 1).to_bytes(4), frames.PUSH_PROMISE))
            for number in (stream, stream + 1):
                sock.sendall(frames.headers(number, answer.encode([(':status', '200'), ('x-of', f'{stream}')])))
                sock.sendall(frames.frame(frames.DATA, frames.END_STREAM, number, b'content'))
        while not any(kind == frames.RST_STREAM for kind, *_ in units):
            units += cutter.cut(sock.recv(65536))
        refused.extend((stream, cutter.data[end - 1]) for kind, _, stream, _, end in units if kind == frames.RST_STREAM)
        while sock.recv(65536):
            pass
    mix = [entry('error', 100, kind='lost-reply', match='/dropped')]
    with Backend(push) as backend, between(daemon, 'push', backend, 'http', mix) as proxy, Client(proxy.port) as client:
        dropped, passed = client.ask('/dropped'), client.ask('/passed')
        client.answers[4] = type(client.answers[passed])()
        client.wait(passed, 4)
        assert client.wait(dropped)[0].code == 2
        assert [(client.answers[stream].fields, client.answers[stream].body) for stream in (passed, 4)] == \
            [([(b'x-of', b'3')], b'content')] * 2
        assert eventually(lambda: refused) == [(2, frames.CANCEL)]


def test_a_page_is_no_longer_than_the_window_of_the_client(daemon):
    small = {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 10}
    mix = [entry('error', 100, kind='503')]
    with server() as backend, between(daemon, 'small', backend, 'http', mix) as proxy, Client(proxy.port, small) as client:
        answer = client.get('/')
        assert (answer.status, len(answer.body)) == (503, 10)


# -- what concerns the connection

def goaways(client):
    told = [event for event in client.events if isinstance(event, h2.events.ConnectionTerminated)]
    return [(event.error_code, event.last_stream_id) for event in told]


@pytest.mark.parametrize('kind, told, statuses', [
    ('goaway-refused', [(0, 1)], [200, 0]), ('goaway-calm', [(11, 1)], [200, 0]),
    ('goaway-idle', [(0, 3)], [200, 200])])
def test_goaway(daemon, kind, told, statuses):
    with server() as backend, between(daemon, kind, backend, 'http', [error(kind)]) as proxy, Client(proxy.port) as client:
        client.get('/bytes/1')
        stream = client.ask(ODD)
        client.until(lambda: bool(goaways(client)) and (not statuses[1] or client.answers[stream].over))
        assert goaways(client) == told
        assert [client.answers[number].status for number in (1, 3)] == statuses
        if kind == 'goaway-calm':
            with pytest.raises((EOFError, ConnectionResetError)):
                client.until(lambda: False)


def test_a_request_is_still_served_after_goaway_and_none_after_it(daemon):
    with server() as backend, between(daemon, 'drain', backend, 'http', [error('goaway-drain')]) as proxy, \
            connect(proxy.port) as client:
        opened(client, request(1, ODD.encode()), request(3), frames.frame(frames.PING, 0, 0, b'12345678'))
        cutter, seen = frames.Frames(), []
        while (frames.PING, 0) not in seen or not any(kind == frames.HEADERS for kind, _ in seen):
            seen += [(kind, stream) for kind, _, stream, _, _ in cutter.cut(client.recv(65536))]
        assert seen.index((frames.GOAWAY, 0)) < seen.index((frames.HEADERS, 1))
        assert (frames.HEADERS, 3) not in seen
        assert [dict(fields)[b':path'] for fields in backend.asked] == [ODD.encode()]


def test_no_more_uploads_are_taken_and_requests_without_a_body_are_served(daemon):
    with server() as backend, between(daemon, 'stalled', backend, 'http', [error('stalled-window')]) as proxy, \
            Client(proxy.port) as client:
        assert client.get(ODD).body == pattern(41000)
        client.until(lambda: client.h2.remote_settings.initial_window_size == 0)
        stream = client.ask('/echo', BODY)
        assert client.get('/bytes/5').body == pattern(5)
        assert not client.answers[stream].over
        assert backend.contents == {ODD.encode(): b'', b'/bytes/5': b''}


def test_no_more_streams_are_allowed(daemon):
    with server() as backend, between(daemon, 'no-streams', backend, 'http', [error('no-streams')]) as proxy, \
            Client(proxy.port) as client:
        assert client.get('/bytes/2').body == pattern(2)
        assert client.get(ODD).body == pattern(41000)
        client.until(lambda: client.h2.remote_settings.max_concurrent_streams == 0)


@pytest.mark.parametrize('kind, says', [
    ('bad-header-block', 'Error decoding header block'), ('frame-too-large', 'overlong frame'),
    ('http1-answer', 'Server disconnected')])
def test_bytes_that_are_no_http_2(daemon, kind, says):
    with server() as backend, between(daemon, kind, backend, 'http', [entry('error', 100, kind=kind)]) as proxy, \
            httpx.Client(http1=False, http2=True, timeout=PATIENCE, trust_env=False) as client, \
            pytest.raises((httpx.LocalProtocolError, httpx.RemoteProtocolError), match=says):
        client.get(f'http://{HOST}:{proxy.port}/')


# -- bounds

def sink(sock):
    sock.sendall(frames.settings())
    while sock.recv(65536):
        pass


FLOODS = {
    'CONTINUATION': request(1)[:4] + b'\1' + request(1)[5:] + frames.frame(frames.CONTINUATION, 0, 1, b'') * 100,
    'a table of headers': frames.settings((frames.HEADER_TABLE_SIZE, 1 << 30)),
    'a list of headers': frames.headers(1, b'\x40\1x\x7f\x81\x0f' + b'y' * 2048 + b'\xbe' * 40),
    'a large frame': b'\xff\xff\xff\0\0\0\0\0\1',
}


@pytest.mark.parametrize('flood', FLOODS.values(), ids=FLOODS)
def test_what_cannot_be_followed_is_relayed_unread(daemon, flood):
    got = []

    def record(sock):
        sock.sendall(frames.settings())
        got.append(read_exactly(sock, len(frames.PREFACE + frames.settings() + flood)))
        sock.sendall(b'not HTTP/2 at all')
    with Backend(record) as backend, between(daemon, f'flood{len(flood)}', backend, 'http') as proxy, \
            connect(proxy.port) as client:
        opened(client, flood)
        assert read_exactly(client, 9 + 17).endswith(b'not HTTP/2 at all')
        assert got[0].endswith(flood)
        assert len(proxy.unread) == 1


def test_a_session_that_cannot_be_followed_is_reset_where_a_fault_is_under_way(daemon):
    with Backend(sink) as backend, between(daemon, 'lost', backend, 'http', [entry('error', 100, kind='503')]) as proxy, \
            connect(proxy.port) as client:
        opened(client, request(1), FLOODS['a large frame'])
        with pytest.raises(ConnectionResetError):
            read_exactly(client, 1000)
        assert proxy.unread == []


def test_rapid_resets_settings_and_pings_leave_nothing_behind(daemon):
    with server() as backend, between(daemon, 'rapid', backend, 'http', [entry('delay', 50, sleep=PATIENCE)]) as proxy, \
            connect(proxy.port) as client:
        opened(client)
        before = peak(daemon)
        for start in range(1, 4001, 200):
            client.sendall(b''.join(request(stream) + frames.reset(stream, 8) for stream in range(start, start + 200, 2)))
        client.sendall(frames.frame(frames.PING, 0, 0, b'12345678'))
        assert eventually(lambda: proxy.count('exchanges') == 2000)
        assert peak(daemon) - before < 16 << 20


# -- what else knows of it

def test_the_same_seed_hits_the_same_requests(daemon):
    hit = []
    for _ in range(2):
        with server() as backend, between(daemon, 'seeded', backend, 'http', [entry('error', 20)]) as proxy, \
                Client(proxy.port) as client:
            for number in range(60):
                client.ask(f'/bytes/{number}')
            client.until(lambda: client.answers[119].over or bool(proxy.count('exchanges') == 60))
            assert eventually(lambda: proxy.count('exchanges') == 60)
            hit.append([(fault.exchange, fault.kind) for fault in proxy.faults])
    assert hit[0] == hit[1]
    assert len(hit[0]) > 5
    assert {kind for _, kind in hit[0]} <= {*STATUSES, *RESETS, 'no-end-stream'} - {'lost-reply', 'half-reply'}


def test_inside_tls_both_sides_agree_on_it():
    inside = server_context()
    inside.set_alpn_protocols(['h2'])
    mix = (BehaviorSpec(name='error', percent=100, settings={'kind': '503', 'match': ODD}),)
    with server(context=inside) as backend, \
            hosted(spec_for(f'tls://{backend.address}', mix, protocol='http', proxy='tls://127.0.0.1:0',
                            **certificates().both)) as host:
        context = client_context()
        context.set_alpn_protocols(['h2', 'http/1.1'])
        with connect(host.port) as sock, context.wrap_socket(sock, server_hostname='localhost') as wrapped:
            assert wrapped.selected_alpn_protocol() == 'h2'
            client = Client(0, sock=wrapped)
            assert client.get('/bytes/100000').body == pattern(100000)
            assert client.get(ODD).status == 503


@pytest.mark.parametrize('option, agreed', [
    ('overwrite_host_header', 'h2'), ('rewrite_redirects', 'h2'), ('keep_alive', 'http/1.1')])
def test_inside_tls_it_is_not_offered_where_a_session_ends_after_one_response(option, agreed):
    inside, context = server_context(), client_context()
    inside.set_alpn_protocols(['h2', 'http/1.1'])
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with server(context=inside) as backend, \
            hosted(spec_for(f'tls://{backend.address}', protocol='http', proxy='tls://127.0.0.1:0',
                            protocol_settings={option: option != 'keep_alive'}, **certificates().both)) as host, \
            connect(host.port) as sock, context.wrap_socket(sock, server_hostname='localhost') as wrapped:
        assert wrapped.selected_alpn_protocol() == agreed


def test_a_plan_meets_its_streams_and_what_is_recorded_of_a_stream_is_what_is_recorded_of_a_request(tmp_path):
    journal, faults = tmp_path / 'journal', ('GET /bytes/1 #2 = 503', 'GET /abort = abort', 'GET /gone = refused-stream')
    with server() as backend, running('--backend', backend.address, '--protocol', 'http', '--journal', str(journal),
                                      *(word for fault in faults for word in ('--fault', fault))) as vaurien:
        with Client(vaurien.port) as client:
            assert [client.get('/bytes/1').status for _ in range(3)] == [200, 503, 200]
            assert client.get('/echo', content=b'hello', fields=[('idempotency-key', 'k1')]).body == b'hello'
            assert [client.get(path).code for path in ('/abort', '/gone')] == [2, 7]
        assert vaurien.stop() == 0
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    found = [(line['name'], line['answer'], line.get('code', ''), line.get('digest', ''), line.get('fault', ''))
             for line in lines if line['type'] == 'exchange']
    assert [line['key'] for line in lines if 'key' in line] == [f'{crc32(b"k1"):08x}']
    passed = 'GET /bytes/1', 'ok', '200', '', ''
    assert found == [
        passed, ('GET /bytes/1', '503', '503', '', 'error/503'), passed,
        ('POST /echo', 'ok', '200', f'{crc32(b"hello"):08x}', ''), ('GET /abort', '', '', '', 'abort'),
        ('GET /gone', '', '', '', 'error/refused-stream')]
