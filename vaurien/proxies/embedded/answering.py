"""What the embedded backend is asked, and what it answers. Knows no page and no wire."""
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

TEXT, HTML, JSON = 'text/plain; charset=utf-8', 'text/html; charset=utf-8', 'application/json'


class Request(NamedTuple):
    """What a response may depend on.

    Args:
        number: What stands in the path after the name, as text; it may be empty.
        body: The body; None: it is larger than ``MAX_ECHO_BYTES``, and was dropped.
        environ: The rest, as WSGI has it.
    """

    number: str
    body: bytes | None
    environ: dict[str, Any]


class Response(NamedTuple):
    """What a request is answered with.

    Args:
        status: The status.
        type: The content type.
        body: The body, in pieces; each leaves at once.
        length: [bytes] of it; None: it is not known, and the end is said otherwise.
    """

    status: int
    type: str
    body: Iterable[bytes]
    length: int | None = None


def text(status: int, line: str) -> Response:
    """Answer one line of text."""
    return whole(status, TEXT, f'{line}\n'.encode('utf-8', 'replace'))


def whole(status: int, kind: str, body: bytes) -> Response:
    """Answer a body that is at hand."""
    return Response(status, kind, (body,), len(body))


def status_text(number: int) -> str:
    """Write a status with its name, where it has one."""
    return f'{number} {HTTPStatus(number).phrase if number in list(HTTPStatus) else "Unnamed"}'
