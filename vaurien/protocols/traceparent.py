"""Finds which trace a request belongs to: W3C Trace Context in headers, and in comments of SQL. Bytes in, text out.

A header is one of https://www.w3.org/TR/trace-context/; a comment is as sqlcommenter writes it, ``/*key='value',...*/``, with
keys and values URL-encoded, at the end of a statement or before it.
"""
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from .framing import MAX_NAME_BYTES

TRACEPARENT: Final = b'traceparent'
#: version, id of the trace, id of the parent, flags; ids of zeros are none, and of a later version more may follow
VALID: Final = re.compile(rb'(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}')
FIRST: Final = b'00'        #: the version that has no more than that
IN_HEADERS: Final = re.compile(rb'\n' + TRACEPARENT + rb':[ \t]*([^\r\n]*)', re.IGNORECASE)
IN_COMMENT: Final = re.compile(rb"(?:^|,)\s*" + TRACEPARENT + rb"\s*=\s*'([^']*)'")
MAX_COMMENT_BYTES: Final = 2048     #: [bytes] of a comment that is looked at; tracestate, the longest of its values, has 512


def checked(value: bytes) -> str:
    """Return a value as text; empty: it is not valid."""
    found = VALID.match(value)
    if found is None:
        return ''
    rest = value[found.end():]
    if rest and (value.startswith(FIRST) or not rest.startswith(b'-')):
        return ''
    return found[0].decode()


def only_one(values: Sequence[bytes]) -> str:
    """Return what the headers of this name say; empty: there is none, or more than one, or it is not valid."""
    return checked(values[0].strip()) if len(values) == 1 else ''


def of_headers(data: bytes, at: int, end: int) -> str:
    """Return what the headers of HTTP/1 say that are ``data[at:end]``; empty: nothing that is valid."""
    return only_one(IN_HEADERS.findall(data, at, end))


def of_comments(text: bytes) -> str:
    """Return what the comment at the end of a statement says, or else the one at its beginning; empty: nothing that is valid."""
    ending, start = text[-MAX_COMMENT_BYTES:].rstrip(b'; \t\r\n\0'), text[:MAX_COMMENT_BYTES].lstrip()
    if ending.endswith(b'*/') and (at := ending.rfind(b'/*')) >= 0 and (found := of_comment(ending[at + 2:-2])):
        return found
    if start.startswith(b'/*') and (end := start.find(b'*/', 2)) >= 0:
        return of_comment(start[2:end])
    return ''


def of_statement(name: bytes, text: bytes) -> str:
    """Return what the comments of a statement say; empty: nothing that is valid.

    Args:
        name: The statement, cut to ``MAX_NAME_BYTES``.
        text: Its end, where it may be longer and is at hand; empty: it is not.
    """
    return of_comments(name) or (of_comments(text[-MAX_COMMENT_BYTES:]) if len(name) >= MAX_NAME_BYTES else '')


def of_comment(text: bytes) -> str:
    """Return what a comment says, of which this is the inside."""
    found = IN_COMMENT.findall(text.strip())
    return checked(unquote_to_bytes(found[0])) if len(found) == 1 else ''
