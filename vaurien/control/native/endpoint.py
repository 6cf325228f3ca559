"""The form of a call of the native surface: a row of a table, and how a request is checked against it. Knows no call."""
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import falcon
import msgspec

from .. import server_sent
from ..surface import Refusal, Reply, decode, read_body, refusal_of
from . import models

_ENCODER = msgspec.json.Encoder(enc_hook=str)   # what a plugin's author puts into an option is shown as text


class Media(NamedTuple):
    """A response that is not JSON.

    Args:
        type: Its media type; empty: there is no body.
    """

    type: str


BARE, TEXT, EVENTS = Media(''), Media('text/plain'), Media(server_sent.TYPE)


class Request(NamedTuple):
    """A request that fits.

    Args:
        raw: As falcon has it.
        captured: What stands in the path, by name.
        query: The query, as the struct that the endpoint names.
        body: The body, likewise; None where it names none.
    """

    raw: falcon.Request
    captured: dict[str, Any]
    query: Any
    body: Any


class Endpoint(NamedTuple):
    """One call.

    Args:
        method: The HTTP method.
        path: The path as falcon takes it.
        summary: What it is for; a line.
        call: Does it; returns a value of the type ``response``, or a ``Reply``.
        response: What it responds with: a type that JSON is made of, or a ``Media``.
        status: The status of that response.
        query: What the query may hold.
        body: What the body must be; None: it is not read.
        errors: Statuses of refusals besides those that all calls have.
    """

    method: str
    path: str
    summary: str
    call: Callable[[Request], Any]
    response: Any
    status: int = 200
    query: type[models.Input] = models.Input
    body: type[models.Input] | None = None
    errors: tuple[int, ...] = ()


def serve(endpoint: Endpoint, request: falcon.Request, **captured: Any) -> Reply:
    """Check a request against its endpoint, and make the reply.

    Raises:
        Refusal: It does not fit.
    """
    query = converted(request.params, endpoint.query)
    body = None if endpoint.body is None else decoded(read_body(request), endpoint.body)
    result = endpoint.call(Request(request, captured, query, body))
    return result if isinstance(result, Reply) else Reply(_ENCODER.encode(result), endpoint.status)


def converted(params: Mapping[str, Any], kind: type[models.Input]) -> models.Input:
    """Make a struct of a query.

    Raises:
        Refusal: A name is not known, or a value does not fit.
    """
    try:
        return msgspec.convert(params, kind, strict=False)
    except msgspec.ValidationError as error:
        what, name = place(error)
        raise Refusal(400, f'the query: {what}', 'query', name) from None


def decoded(data: bytes, kind: type[models.Input]) -> models.Input:
    """Make a struct of a body.

    Raises:
        Refusal: It is not JSON, a key is not known, or a value does not fit.
    """
    try:
        body: models.Input = decode(data, kind)
    except msgspec.ValidationError as error:
        what, name = place(error)
        raise Refusal(400, f'the body: {what}', 'body', name) from None
    return body


def place(error: msgspec.ValidationError) -> tuple[str, str]:
    """Take apart what msgspec says: what is wrong, and the key; empty: the whole."""
    text, _, path = str(error).partition(' - at `')
    return text, path.removesuffix('`').removeprefix('$').removeprefix('.')


def problem(request: falcon.Request, error: Exception) -> Reply:
    """Return what is wrong, in the one shape of this surface."""
    refusal = refusal_of(error) or Refusal(500, str(error))
    body = models.Problem(status=refusal.status, error=refusal.description, location=refusal.location, name=refusal.name)
    return Reply(msgspec.json.encode(body), refusal.status, headers=refusal.headers)
