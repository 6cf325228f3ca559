"""The completions of the embedded backend as the official libraries read them."""
import http.client
import json

import anthropic
import openai
import pytest

from tests.support.unit_of_time import PATIENCE

from .conftest import Running

MESSAGES = [{'role': 'system', 'content': 'be brief'}, {'role': 'user', 'content': 'hello there'}]
SAID = 'You said: hello there'


@pytest.fixture
def of_openai(backend: Running):
    with openai.OpenAI(api_key='any', base_url=f'http://{backend.address[0]}:{backend.address[1]}/v1', max_retries=0,
                       timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def of_anthropic(backend: Running):
    with anthropic.Anthropic(api_key='any', base_url=f'http://{backend.address[0]}:{backend.address[1]}', max_retries=0,
                             timeout=PATIENCE) as client:
        yield client


def test_a_completion_of_openai_has_the_words_of_the_last_message(of_openai):
    found = of_openai.chat.completions.create(model='any', messages=MESSAGES)
    choice = found.choices[0]
    assert (found.model, choice.message.content, choice.finish_reason) == ('any', SAID, 'stop')
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (4, 4, 8)


def test_a_stream_of_openai_has_a_word_in_each_chunk(of_openai):
    chunks = list(of_openai.chat.completions.create(model='any', messages=MESSAGES, stream=True,
                                                    stream_options={'include_usage': True}))
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert deltas == ['', 'You', ' said:', ' hello', ' there', None]
    assert chunks[-2].choices[0].finish_reason == 'stop'
    assert chunks[-1].usage.total_tokens == 8


def test_a_completion_of_anthropic_has_the_words_of_the_last_message(of_anthropic):
    parts = [{'type': 'text', 'text': 'hello'}, {'type': 'text', 'text': 'there'}]
    found = of_anthropic.messages.create(model='any', max_tokens=10, messages=[{'role': 'user', 'content': parts}])
    assert (found.model, found.content[0].text, found.stop_reason, found.usage.output_tokens) == ('any', SAID, 'end_turn', 4)


def test_a_stream_of_anthropic_has_a_word_in_each_event(of_anthropic):
    with of_anthropic.messages.stream(model='any', max_tokens=10, messages=MESSAGES[1:]) as stream:
        assert list(stream.text_stream) == ['You', ' said:', ' hello', ' there']
        found = stream.get_final_message()
    assert (found.content[0].text, found.stop_reason, found.usage.output_tokens) == (SAID, 'end_turn', 4)


def test_what_is_no_request_for_a_completion_is_refused_in_the_shape_of_its_api(of_openai, of_anthropic):
    with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'messages'"):
        of_openai.chat.completions.create(model='any', messages=[])
    with pytest.raises(anthropic.BadRequestError, match='Missing required parameter'):
        of_anthropic.messages.create(model='any', max_tokens=10, messages=[])


@pytest.mark.parametrize('body, message', [
    (b'', 'We could not parse'), (b'{', 'We could not parse'), (b'[]', 'you must provide a model'),
    (b'{}', 'you must provide a model'), (b'{"model": "m", "messages": [1]}', 'Missing required parameter'),
])
def test_no_body_makes_it_fail(connection: http.client.HTTPConnection, body, message):
    connection.request('POST', '/v1/chat/completions', body)
    response = connection.getresponse()
    assert response.status == 400
    assert json.loads(response.read())['error']['message'].startswith(message)


def test_parts_without_text_say_nothing(of_openai):
    content = [{'type': 'image_url', 'image_url': {'url': 'http://a.example/'}}]
    found = of_openai.chat.completions.create(model='any', messages=[{'role': 'user', 'content': content}])
    assert found.choices[0].message.content == 'You said:'
