"""What the embedded backend is for: each thing that vaurien can break is tried with real clients, and nothing else runs."""
import grpc
import httpx
import openai
import pytest
from websockets.sync.client import connect

from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import PATIENCE

CHECK = '/grpc.health.v1.Health/Check'


@pytest.fixture(scope='module')
def proxy(daemon):
    """A proxy in front of it."""
    with between(daemon, 'embedded', 'embedded', 'http') as made:
        yield made


@pytest.mark.parametrize('version', ['HTTP/1.1', 'HTTP/2'])
def test_pages_of_both_versions_come_and_fail(proxy, version):
    new = version == 'HTTP/2'
    url = f'http://{HOST}:{proxy.port}'
    with httpx.Client(base_url=url, http1=not new, http2=new, trust_env=False, timeout=PATIENCE) as client:
        proxy.meet()
        response = client.get('/bytes/100000')
        assert (response.http_version, response.status_code, len(response.content)) == (version, 200, 100_000)
        proxy.meet(entry('error', kind='aws-s3-slow-down'))
        response = client.get('/')
        assert (response.http_version, response.status_code) == (version, 503)
        assert '<Code>SlowDown</Code>' in response.text


ASKED = {'model': 'm', 'messages': [{'role': 'user', 'content': 'hello'}], 'stream': True}


def test_a_stream_comes_and_breaks_off(proxy):
    with openai.OpenAI(api_key='any', base_url=f'http://{HOST}:{proxy.port}/v1', max_retries=0, timeout=PATIENCE) as client:
        proxy.meet()
        chunks = client.chat.completions.create(**ASKED)
        assert ''.join(chunk.choices[0].delta.content or '' for chunk in chunks) == 'You said: hello'
        proxy.meet(entry('error', kind='openai-stream-short'))
        assert len(list(client.chat.completions.create(**ASKED))) == 1


def test_a_stream_of_http_2_breaks_off_too(proxy):
    with httpx.Client(http1=False, http2=True, trust_env=False, timeout=PATIENCE) as client:
        proxy.meet(entry('error', kind='openai-stream-error'))
        text = client.post(f'http://{HOST}:{proxy.port}/v1/chat/completions', json=ASKED).text
        assert (text.count('data: '), text.count('server_error'), '[DONE]' in text) == (2, 1, False)


def test_a_call_comes_and_fails_in_the_words_of_etcd(proxy):
    with grpc.insecure_channel(f'{HOST}:{proxy.port}') as channel:
        proxy.meet()
        assert channel.unary_unary(CHECK)(b'', timeout=PATIENCE) == b'\x08\x01'
        proxy.meet(entry('error', kind='etcd-no-leader'))
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(CHECK)(b'', timeout=PATIENCE)
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNAVAILABLE, 'etcdserver: no leader')
        assert proxy.client.faults(proxy.name)[-1].kind == 'etcd-no-leader'


def test_a_websocket_says_what_it_is_told(proxy):
    proxy.meet()
    with connect(f'ws://{HOST}:{proxy.port}/ws', open_timeout=PATIENCE, proxy=None) as client:
        client.send('hello')
        assert client.recv(PATIENCE) == 'hello'
