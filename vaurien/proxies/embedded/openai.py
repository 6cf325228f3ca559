"""A completion in the shape of OpenAI's API, whole or streamed: ``POST /v1/chat/completions``.

The words of the last message come back, each in a piece of its own.
"""
import json
from collections.abc import Iterator
from typing import Any

from .answering import JSON, Request, Response, whole
from .events import EVENTS_TYPE, event, streamed
from .prompts import Prompt, read_prompt

NAME = 'chatcmpl-vaurien'
CREATED = 1_700_000_000     #: [s] since 1970: every completion is the same
DONE = '[DONE]'     #: the data of the last event


def complete(request: Request) -> Response:
    """Answer a request for a completion."""
    prompt = read_prompt(request.body)
    if isinstance(prompt, str):
        error = {'message': prompt, 'type': 'invalid_request_error', 'param': None, 'code': None}
        return whole(400, JSON, json.dumps({'error': error}).encode())
    if prompt.stream:
        return streamed(EVENTS_TYPE, chunks(prompt))
    message = {'role': 'assistant', 'content': ''.join(prompt.words), 'refusal': None}
    choice = {'index': 0, 'message': message, 'logprobs': None, 'finish_reason': 'stop'}
    found = {**named(prompt, 'chat.completion'), 'choices': [choice], 'usage': usage(prompt)}
    return whole(200, JSON, json.dumps(found).encode())


def chunks(prompt: Prompt) -> Iterator[bytes]:
    """Give the events of a stream."""
    for delta, reason in deltas(prompt):
        choice = {'index': 0, 'delta': delta, 'logprobs': None, 'finish_reason': reason}
        yield event(json.dumps({**named(prompt, 'chat.completion.chunk'), 'choices': [choice]}))
    options = prompt.asked.get('stream_options')
    if isinstance(options, dict) and options.get('include_usage'):
        yield event(json.dumps({**named(prompt, 'chat.completion.chunk'), 'choices': [], 'usage': usage(prompt)}))
    yield event(DONE)


def deltas(prompt: Prompt) -> Iterator[tuple[dict[str, str], str | None]]:
    """Give what each piece adds, and why it is the last one."""
    yield {'role': 'assistant', 'content': ''}, None
    for word in prompt.words:
        yield {'content': word}, None
    yield {}, 'stop'


def named(prompt: Prompt, kind: str) -> dict[str, Any]:
    """Return what all objects of a completion have."""
    return {'id': NAME, 'object': kind, 'created': CREATED, 'model': prompt.model, 'system_fingerprint': 'vaurien'}


def usage(prompt: Prompt) -> dict[str, int]:
    """Return how many tokens it took; a word is one."""
    said = len(prompt.words)
    return {'prompt_tokens': prompt.read, 'completion_tokens': said, 'total_tokens': prompt.read + said}
