"""WebSocket by hand, for tests: the handshake and frames as they are to be, and as they are not. Knows nothing of vaurien."""
import os
import socket
import struct
from base64 import b64encode
from hashlib import sha1
from typing import NamedTuple

from .peers import connect, read_exactly
from .unit_of_time import PATIENCE

GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80
MASK = b'\x11\x22\x33\x44'


class Frame(NamedTuple):
    """A frame that was read: its first byte, and its payload without a mask."""

    first: int
    payload: bytes


def frame(opcode: int, payload: bytes = b'', mask: bytes = b'', first: int = FIN) -> bytes:
    """Write a frame; a mask is what clients have."""
    size, bit = len(payload), 0x80 if mask else 0
    length = bytes([bit | size]) if size < 126 else \
        bytes([bit | 126]) + struct.pack('>H', size) if size < 1 << 16 else bytes([bit | 127]) + struct.pack('>Q', size)
    pattern = mask * (size // 4 + 1)
    covered = (int.from_bytes(payload) ^ int.from_bytes(pattern[:size])).to_bytes(size) if mask else payload
    return bytes([first | opcode]) + length + mask + covered


def read_frame(sock: socket.socket) -> Frame:
    """Read a frame."""
    first, second = read_exactly(sock, 2)
    size = second & 127
    if size >= 126:
        size = int.from_bytes(read_exactly(sock, 2 if size == 126 else 8))
    mask = read_exactly(sock, 4) if second & 128 else b''
    payload = read_exactly(sock, size)
    return Frame(first, bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if mask else payload)


def ask_for(path: str = '/chat', extensions: str = '', key: bytes = b'') -> tuple[bytes, bytes]:
    """Return a request for WebSocket, and what is to be in the response to it."""
    key = key or b64encode(os.urandom(16))
    more = f'Sec-WebSocket-Extensions: {extensions}\r\n' if extensions else ''
    request = (f'GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
               f'{more}Sec-WebSocket-Key: ').encode() + key + b'\r\n\r\n'
    return request, b64encode(sha1(key + GUID, usedforsecurity=False).digest())


def grant(accept: bytes, extensions: str = '') -> bytes:
    """Return the response that grants a request."""
    more = f'Sec-WebSocket-Extensions: {extensions}\r\n' if extensions else ''
    return (f'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{more}'
            f'Sec-WebSocket-Accept: ').encode() + accept + b'\r\n\r\n'


def headers(sock: socket.socket) -> bytes:
    """Read headers, and nothing after them."""
    found = b''
    while not found.endswith(b'\r\n\r\n'):
        found += read_exactly(sock, 1)
    return found


def opened(port: int, extensions: str = '', path: str = '/chat') -> tuple[socket.socket, bytes]:
    """Connect, ask for WebSocket, and return the connection, and the headers of the response."""
    sock = connect(port)
    sock.settimeout(PATIENCE)
    request, _ = ask_for(path, extensions)
    sock.sendall(request)
    return sock, headers(sock)


def accept(sock: socket.socket, extensions: str = '') -> bytes:
    """Read a request for WebSocket at a server, grant it, and return it."""
    request = headers(sock)
    key = next(line.split(b': ')[1] for line in request.split(b'\r\n') if line.lower().startswith(b'sec-websocket-key'))
    sock.sendall(grant(b64encode(sha1(key + GUID, usedforsecurity=False).digest()), extensions))
    return request
