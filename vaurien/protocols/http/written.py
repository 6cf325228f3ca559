"""A response that vaurien writes itself: its status, its fields and its body, the same for HTTP/1 and HTTP/2.

Knows no exchange, no connection and no failure; how it looks on the wire is said where each version writes it.
"""
from http import HTTPStatus
from typing import Final, NamedTuple

Field = tuple[str, str]     #: name and value

#: [bytes] of a body at most: what a client of HTTP/2 takes of a response before it has said anything else
MAX_BODY_BYTES: Final = 65535
#: statuses whose responses have no body, and say no length (RFC 9110 section 6.4.1)
BODILESS: Final = (204, 304)
#: what only the writer can know: where the message ends, and whether the connection goes on
OWN_FIELDS: Final = frozenset(('connection', 'content-length', 'keep-alive', 'proxy-connection', 'te', 'trailer',
                               'transfer-encoding', 'upgrade'))
HTML_TYPE: Final = 'Content-Type', 'text/html; charset=utf-8'
RETRY_AFTER: Final = 'Retry-After', '1'     #: [s] short, since clients do wait so long
HTML: Final = """<!DOCTYPE html>
<html>
<head><title>{status}</title></head>
<body>
<h1>{status}</h1>
<p>This failure was injected by vaurien, a chaos proxy. The request did not reach the backend.</p>
</body>
</html>
"""


class Written(NamedTuple):
    """A response.

    Args:
        status: The status code, 200 to 599.
        fields: Its fields in their order, a name as often as is wanted. ``Server`` and ``Date`` are added where they are
            missing, and where the body ends and whether the connection goes on are for the writer to say: none of ``OWN_FIELDS``.
        body: Its body, at most ``MAX_BODY_BYTES``; one that the status or the request does not allow is left out.
    """

    status: int
    fields: tuple[Field, ...] = ()
    body: bytes = b''

    @property
    def bodiless(self) -> bool:
        """Whether its status allows no body."""
        return self.status in BODILESS

    def started(self, date: str) -> list[Field]:
        """Return its fields with ``Server`` and ``Date`` before them, where they do not say these themselves."""
        said = {name.lower() for name, _ in self.fields}
        return [*((name, value) for name, value in (('Server', 'vaurien'), ('Date', date)) if name.lower() not in said),
                *self.fields]


def status_text(status: int) -> str:
    """Return a status with its phrase: ``503 Service Unavailable``; one that nobody has registered has none."""
    try:
        return f'{status} {HTTPStatus(status).phrase}'
    except ValueError:
        return f'{status} '


def page(status: int) -> bytes:
    """Return the page that says what has happened."""
    return HTML.format(status=status_text(status).rstrip()).encode()


def with_page(status: int, *fields: Field) -> Written:
    """Return the response with a status, and the page that says what has happened."""
    return Written(status, (*fields, HTML_TYPE), page(status))
