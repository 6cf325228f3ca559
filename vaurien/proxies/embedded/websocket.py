"""A WebSocket that sends back what it gets (RFC 6455), without extensions. Knows the connection by how it is read and written."""
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1
from struct import Struct
from typing import Any, Final

MAX_MESSAGE_BYTES: Final = 2**20    #: [bytes] of a message at most, since it has to be held
#: [bytes] of what is too large that are read all the same, at most: to end with bytes unread would reset the connection, and the
#: close frame be lost on its way
READ_ON_BYTES: Final = 2**26
CHUNK_BYTES: Final = 2**16
STATUS: Final = '101 Switching Protocols'
GUID: Final = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, MASKED, RESERVED = 0x80, 0x80, 0x70
PROTOCOL_ERROR, TOO_BIG = 1002, 1009
_SHORT, _LONG = Struct('>H'), Struct('>Q')

Send = Callable[[bytes], Any]


class EndedError(Exception):
    """The connection has ended, or is to end with a code; 0: without one."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


def is_asked(environ: dict[str, Any]) -> bool:
    """Return whether a request asks for the WebSocket."""
    return bool(environ['PATH_INFO'] == '/ws' and environ.get('HTTP_UPGRADE', '').lower() == 'websocket'
                and environ.get('HTTP_SEC_WEBSOCKET_KEY'))


def echo(environ: dict[str, Any], source: Any, send: Send) -> None:
    """Accept, and send each message back until the client closes.

    Args:
        environ: The request that asks for it.
        source: What the client sends, a buffered file.
        send: Sends bytes to the client.
    """
    key = environ['HTTP_SEC_WEBSOCKET_KEY'].strip()
    accept = b64encode(sha1((key + GUID).encode()).digest()).decode()
    send(f'HTTP/1.1 {STATUS}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n'.encode())
    try:
        while True:
            answer(source, send)
    except EndedError as error:
        if error.code:
            send(frame(CLOSE, _SHORT.pack(error.code)))


def answer(source: Any, send: Send) -> None:
    """Answer one message, and what comes between its frames.

    Raises:
        EndedError: There is no more.
    """
    pieces: list[bytes] = []
    began = 0
    while True:
        code, final, payload = read_frame(source)
        if code >= CLOSE:
            if code == PING:
                send(frame(PONG, payload))
            elif code == CLOSE:
                send(frame(CLOSE, payload))
                raise EndedError
            continue
        if (code == CONTINUATION) != bool(pieces):
            raise EndedError(PROTOCOL_ERROR)
        began = began or code
        pieces.append(payload)
        if sum(map(len, pieces)) > MAX_MESSAGE_BYTES:
            raise EndedError(TOO_BIG)
        if final:
            send(frame(began, b''.join(pieces)))
            return


def read_frame(source: Any) -> tuple[int, bool, bytes]:
    """Return the code of the next frame, whether a message ends with it, and its payload.

    Raises:
        EndedError: There is none.
    """
    first, second = read(source, 2)
    code, length = first & 0x0f, second & 0x7f
    if first & RESERVED or code not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG) or not second & MASKED:
        raise EndedError(PROTOCOL_ERROR)
    if code >= CLOSE and (length > 125 or not first & FIN):
        raise EndedError(PROTOCOL_ERROR)
    if length > 125:
        form = _SHORT if length == 126 else _LONG
        length = form.unpack(read(source, form.size))[0]
    if length > MAX_MESSAGE_BYTES:
        for at in range(0, min(length, READ_ON_BYTES), CHUNK_BYTES):
            source.read(min(length - at, CHUNK_BYTES))
        raise EndedError(TOO_BIG)
    mask = read(source, 4)
    return code, bool(first & FIN), unmasked(read(source, length), mask)


def read(source: Any, size: int) -> bytes:
    """Read so many bytes.

    Raises:
        EndedError: There are fewer.
    """
    data: bytes = source.read(size)
    if len(data) < size:
        raise EndedError
    return data


def unmasked(data: bytes, mask: bytes) -> bytes:
    """Take the mask off."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data) ^ int.from_bytes(key)).to_bytes(size)


def frame(code: int, payload: bytes) -> bytes:
    """Write a frame that is a whole message."""
    size = len(payload)
    length = bytes((size,)) if size <= 125 else b'\x7e' + _SHORT.pack(size) if size < 2**16 else b'\x7f' + _LONG.pack(size)
    return bytes((FIN | code,)) + length + payload
