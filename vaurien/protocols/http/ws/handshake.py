"""The handshake of WebSocket, RFC 6455 section 4, and what is agreed in it about compression (RFC 7692). Knows no frame."""
import re
from base64 import b64encode
from hashlib import sha1
from typing import Final, NamedTuple

from ..headers import CRLF, with_field

GUID: Final = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
KEY = re.compile(rb'\nSec-WebSocket-Key:[ \t]*([^\r]*?)[ \t]*\r', re.IGNORECASE)
ACCEPT = re.compile(rb'\nSec-WebSocket-Accept:[ \t]*([^\r]*?)[ \t]*\r', re.IGNORECASE)
EXTENSIONS = re.compile(rb'\nSec-WebSocket-Extensions:([^\r]*)', re.IGNORECASE)
EXTENSIONS_FIELD: Final = b'Sec-WebSocket-Extensions'
DEFLATE: Final = b'permessage-deflate'
#: an offer of which no message depends on the ones before it (RFC 7692 section 7.1.1)
EACH_ALONE: Final = DEFLATE + b'; server_no_context_takeover; client_no_context_takeover'

#: What becomes of a client's offer to compress: it passes; each message is compressed alone; it is taken out
AS_IT_IS, ALONE, NEVER = COMPRESSION = ('as-offered', 'each-alone', 'off')


class Agreed(NamedTuple):
    """What the two sides have agreed on.

    Args:
        deflate: Messages may be compressed.
        client_alone: Those of the client are compressed each by itself.
        server_alone: Those of the server are.
    """

    deflate: bool = False
    client_alone: bool = False
    server_alone: bool = False


def accepted(key: bytes) -> bytes:
    """Return what a server has to say in ``Sec-WebSocket-Accept`` (RFC 6455 section 4.2.2)."""
    return b64encode(sha1(key + GUID, usedforsecurity=False).digest())


def key_of(headers: bytes) -> bytes:
    """Return the key of a request; empty: it has none."""
    found = KEY.search(headers)
    return found[1] if found else b''


def accepts(headers: bytes, key: bytes) -> bool:
    """Return whether a response is the right one to a request with this key."""
    found = ACCEPT.search(headers)
    return bool(key and found and found[1] == accepted(key))


def agreed(value: bytes) -> Agreed | None:
    """Read what a server says of extensions.

    Args:
        value: ``Sec-WebSocket-Extensions`` of its response; empty: nothing.

    Returns:
        None: an extension is agreed on that is not known, and what frames mean is known no more.
    """
    result = Agreed()
    for extension in value.split(b','):
        name, *parameters = (part.strip(b' \t').lower() for part in extension.split(b';'))
        if name and (name != DEFLATE or result.deflate):
            return None
        if name:
            result = Agreed(True, b'client_no_context_takeover' in parameters, b'server_no_context_takeover' in parameters)
    return result


def extensions_of(headers: bytes) -> bytes:
    """Return what headers say of extensions, in all lines of that field."""
    return b','.join(EXTENSIONS.findall(headers))


def offers(value: bytes) -> bool:
    """Return whether a client offers to compress."""
    return any(offer.partition(b';')[0].strip(b' \t').lower() == DEFLATE for offer in value.split(b','))


def offered(headers: bytes, how: str) -> bytes:
    """Return the headers of a request whose offer to compress is ``ALONE`` or ``NEVER``."""
    if how == ALONE:
        return with_field(headers, EXTENSIONS_FIELD, EACH_ALONE)
    prefix = EXTENSIONS_FIELD.lower() + b':'
    return CRLF.join(line for line in headers.split(CRLF) if not line.lower().startswith(prefix))


def field_offered(value: bytes, how: str) -> bytes:
    """Return what the field of a request is to say whose offer to compress is to be ``ALONE`` or ``NEVER``; empty: nothing."""
    return EACH_ALONE if how == ALONE and offers(value) else b'' if offers(value) else value
