"""Real servers and real clients of WebSocket, with compression as they agree on it: nothing is harmed."""
import pytest

from tests.realism.websocket import with_aiohttp, with_websockets
from tests.support.proxied import CALM, between, entry
from tests.support.websocket_asgi import SERVERS, served

CLIENTS = {'websockets': with_websockets, 'aiohttp': with_aiohttp}
#: the same words again and again, so that each message is compressed by what came before it
TEXTS = [f'{{"number": {number}, "words": "{"the same words again " * (number % 7)}"}}' for number in range(60)]


@pytest.fixture(scope='module', params=SERVERS)
def server(request):
    pytest.importorskip(request.param)
    with served(request.param) as address:
        yield address


@pytest.mark.parametrize('client', CLIENTS)
@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_what_is_compressed_together_comes_as_it_was_said(daemon, server, client, mix):
    with between(daemon, 'peers', server, 'http', mix) as proxy, CLIENTS[client](proxy.port) as talk:
        assert [talk.ask(text) for text in TEXTS] == TEXTS
        assert talk.ask('x' * 100_000) == 'x' * 100_000
        assert proxy.unread == []
        assert proxy.count('exchanges') == 1 + 2 * (len(TEXTS) + 1)


@pytest.mark.parametrize('client', CLIENTS)
@pytest.mark.parametrize('kind', ['ws-dropped', 'ws-doubled'])
def test_messages_are_taken_out_and_put_in_and_the_others_can_be_read(daemon, server, client, kind):
    mix = [entry('error', kind=kind, match='^receive .*"number": [0-9]*[37],')]
    with between(daemon, 'peers', server, 'http', mix) as proxy, CLIENTS[client](proxy.port) as talk:
        times = {True: 0 if kind == 'ws-dropped' else 2, False: 1}
        expected = [text for number, text in enumerate(TEXTS) for _ in range(times[number % 10 in (3, 7)])]
        assert talk.ask(*TEXTS, count=len(expected)) == ' '.join(expected)
