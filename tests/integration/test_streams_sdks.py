"""What the SDKs of providers of models raise where a stream of theirs fails: what they raise at a provider that fails so."""
import json

import pytest

from tests.support.event_peers import streams
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS

openai = pytest.importorskip('openai')
anthropic = pytest.importorskip('anthropic')
SOON = 300 * MS
HI = [{'role': 'user', 'content': 'hi'}]


def chunk(text, reason=None):
    choice = {'index': 0, 'delta': {'content': text}, 'finish_reason': reason}
    return b'data: %b\n\n' % json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'choices': [choice]}).encode()


def named(name, **fields):
    return f'event: {name}\ndata: {json.dumps({"type": name, **fields})}\n\n'.encode()


def delta(text):
    return named('content_block_delta', index=0, delta={'type': 'text_delta', 'text': text})


MESSAGE = {'id': 'm', 'type': 'message', 'role': 'assistant', 'model': 'c', 'content': [],
           'usage': {'input_tokens': 1, 'output_tokens': 1}}
OPENAI = [chunk('Hel'), chunk('lo'), chunk(' you'), chunk('', 'stop'), b'data: [DONE]\n\n']
ANTHROPIC = [
    named('message_start', message=MESSAGE), named('content_block_start', index=0, content_block={'type': 'text', 'text': ''}),
    named('ping'), delta('Hel'), delta('lo'), delta(' you'),
    named('content_block_stop', index=0), named('message_delta', delta={'stop_reason': 'end_turn'}, usage={'output_tokens': 4}),
    named('message_stop')]


def ask_openai(port, found):
    client = openai.OpenAI(api_key='x', base_url=f'http://127.0.0.1:{port}/v1', timeout=SOON)
    for part in client.chat.completions.create(model='m', messages=HI, stream=True):
        found.append(part.choices[0].delta.content)
    return ''


def ask_anthropic(port, found):
    client = anthropic.Anthropic(api_key='x', base_url=f'http://127.0.0.1:{port}', timeout=SOON)
    with client.messages.stream(model='c', max_tokens=9, messages=HI) as stream:
        found.extend(stream.text_stream)
        return str(stream.get_final_message().stop_reason)


#: by provider: what it streams, who asks, after how many events its stream fails, and what it says then
PROVIDERS = {
    'openai': (OPENAI, ask_openai, 2, 'data: {"error": {"message": "The server had an error", "type": "server_error"}}'),
    'anthropic': (ANTHROPIC, ask_anthropic, 4, 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}'),
}
RAISED = {
    ('openai', 'stream-cut'): 'APIConnectionError', ('openai', 'stream-reset'): 'APIConnectionError',
    ('openai', 'stream-short'): '', ('openai', 'stream-stall'): 'APITimeoutError', ('openai', 'stream-error'): 'APIError',
    ('openai', 'stream-malformed'): 'JSONDecodeError',
    ('anthropic', 'stream-cut'): 'RemoteProtocolError', ('anthropic', 'stream-reset'): 'ReadError',
    ('anthropic', 'stream-short'): 'None', ('anthropic', 'stream-stall'): 'ReadTimeout',
    ('anthropic', 'stream-error'): 'APIStatusError',
}


@pytest.mark.parametrize('provider, kind', RAISED)
def test_an_sdk_raises_what_it_raises_at_its_provider_and_asks_once(daemon, provider, kind):
    pieces, ask, after, said = PROVIDERS[provider]
    with streams(*pieces) as backend, between(daemon, f'{provider}-{kind}', backend, 'http', [entry('error', 100, kind=kind)],
                                              protocol_settings={'stream_after': after, 'stream_error': said}) as proxy:
        found = []
        try:
            met = ask(proxy.port, found)
        except Exception as raised:     # noqa: BLE001  # which one it is, is the question
            met = type(raised).__name__
        assert (''.join(found), met) == ('Hello', RAISED[provider, kind])
        assert (len(backend.asked), len(proxy.faults)) == (1, 1)
