"""A completion in the shape of Anthropic's API, whole or streamed: ``POST /v1/messages``.

The words of the last message come back, each in a piece of its own.
"""
import json
from collections.abc import Iterator
from typing import Any

from .answering import JSON, Request, Response, whole
from .events import EVENTS_TYPE, event, streamed
from .prompts import Prompt, read_prompt


def complete(request: Request) -> Response:
    """Answer a request for a completion."""
    prompt = read_prompt(request.body)
    if isinstance(prompt, str):
        error = {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': prompt}, 'request_id': 'req_vaurien'}
        return whole(400, JSON, json.dumps(error).encode())
    if prompt.stream:
        return streamed(EVENTS_TYPE, (event(json.dumps(data), data['type']) for data in pieces(prompt)))
    text = {'type': 'text', 'text': ''.join(prompt.words)}
    return whole(200, JSON, json.dumps(message(prompt, [text], 'end_turn', len(prompt.words))).encode())


def pieces(prompt: Prompt) -> Iterator[dict[str, Any]]:
    """Give the data of the events of a stream."""
    yield {'type': 'message_start', 'message': message(prompt, [], None, 1)}
    yield {'type': 'content_block_start', 'index': 0, 'content_block': {'type': 'text', 'text': ''}}
    yield {'type': 'ping'}
    for word in prompt.words:
        yield {'type': 'content_block_delta', 'index': 0, 'delta': {'type': 'text_delta', 'text': word}}
    yield {'type': 'content_block_stop', 'index': 0}
    yield {'type': 'message_delta', 'delta': {'stop_reason': 'end_turn', 'stop_sequence': None},
           'usage': {'output_tokens': len(prompt.words)}}
    yield {'type': 'message_stop'}


def message(prompt: Prompt, content: list[dict[str, str]], reason: str | None, said: int) -> dict[str, Any]:
    """Return a message; a word is a token."""
    return {'id': 'msg_vaurien', 'type': 'message', 'role': 'assistant', 'model': prompt.model, 'content': content,
            'stop_reason': reason, 'stop_sequence': None, 'usage': {'input_tokens': prompt.read, 'output_tokens': said}}
