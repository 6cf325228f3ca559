"""Replies as Toxiproxy words them: JSON, errors as text, and its own words for mistakes. Knows no call."""
from collections.abc import Callable
from typing import Any

import falcon

from ..surface import Refusal, Reply, refusal_of
from .gowriting import write

TEXT = 'text/plain; charset=utf-8'
NOSNIFF = {'X-Content-Type-Options': 'nosniff'}


class ApiError(Refusal):
    """What Toxiproxy says of a request; the text and the status are its own."""


def bad_body(error: object) -> ApiError:
    """Refuse a body."""
    return ApiError(400, f'bad request body: {error}')


def missing(what: str) -> ApiError:
    """Refuse a body that lacks a field."""
    return ApiError(400, f'missing required field: {what}')


def reply(value: Any, status: int = 200, breathe: Callable[[], None] = lambda: None) -> Reply:
    """Make a reply of JSON; ``breathe`` is called now and then, as a long one takes its time."""
    return Reply(write(value, breathe).encode(), status)


def error_reply(text: str, status: int) -> Reply:
    """Make a reply of an error."""
    return Reply(f'{write({"error": text, "status": status})}\n'.encode(), status, TEXT, NOSNIFF)


def refuse(request: falcon.Request, error: Exception) -> Reply:
    """Return what is wrong, as Toxiproxy does where it has a word for it."""
    refusal = refusal_of(error) or Refusal(500, str(error))
    if isinstance(error, ApiError):
        return error_reply(refusal.description, refusal.status)
    if refusal.status == 404:
        return Reply(b'404 page not found\n', 404, TEXT, NOSNIFF)
    if refusal.status == 405 or request.method not in falcon.HTTP_METHODS:
        return Reply(status=405, type='')
    made = error_reply(refusal.description, refusal.status)
    return made._replace(headers={**made.headers, **refusal.headers})
