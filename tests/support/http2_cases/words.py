"""Frames in and out by struct and the library hpack alone, and what a case is. Knows nothing of vaurien."""
import struct
from typing import Any, NamedTuple

import hpack

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED, WITH_PRIORITY = 4, 8, 32
NAMES = ('DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY', 'WINDOW_UPDATE')

#: what is to come out where a fault has happened before: the same; the end of the session, as its place is not known any more
SAME, RESET = 'the same', 'a reset'


class Case(NamedTuple):
    """One case.

    Args:
        section: Of RFC 9113, or with ``7541`` of that, and the rule in words.
        sent: The bytes of one side.
        edited: What comes out at the other side where an earlier message was dropped: ``SAME``, ``RESET``, or these bytes.
    """

    section: str
    sent: bytes
    edited: Any = SAME


class Own(NamedTuple):
    """What is done about frames of a stream that the backend has never seen.

    Args:
        section: The rule.
        sent: What the client sends after the headers of that stream, which is 1; ``refused`` already.
        backend: What comes out at the backend.
        client: What the client gets.
    """

    section: str
    sent: bytes
    backend: bytes = b''
    client: bytes = b''


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b'', length: int | None = None) -> bytes:
    """Write a frame; with a length it says that one."""
    return struct.pack('>L', len(payload) if length is None else length)[1:] + struct.pack('>BBL', kind, flags, stream) + payload


def text(value: bytes) -> bytes:
    """Write a text as it is."""
    assert len(value) < 127
    return bytes((len(value),)) + value


def literal(name: bytes, value: bytes, first: int = 0) -> bytes:
    """Write a field that is in no table; ``first`` 0x10: never to be indexed, 0x40: to be put into the table."""
    return bytes((first,)) + text(name) + text(value)


def fields(*pairs: tuple[bytes, bytes]) -> bytes:
    """Write fields as literals."""
    return b''.join(literal(*pair) for pair in pairs)


def long(value: int) -> bytes:
    """Write 32 bits."""
    return struct.pack('>L', value)


def setting(name: int, value: int) -> bytes:
    """Write one setting."""
    return struct.pack('>HL', name, value)


def headers(stream: int, block: bytes, flags: int = END_HEADERS) -> bytes:
    """Write HEADERS."""
    return frame(HEADERS, flags, stream, block)


class Reader:
    """Reads one direction of a connection as its receiver would, table and all."""

    def __init__(self) -> None:
        self._decoder = hpack.Decoder()

    def read(self, data: bytes) -> list[Any]:
        """Return what the frames say: how a block is coded, cut, padded and prioritised makes no difference, all else does."""
        found: list[Any] = []
        at = 0
        while at < len(data):
            at, one = self._unit(data, at)
            found.append(one)
        return found

    def _unit(self, data: bytes, at: int) -> tuple[int, Any]:
        end, kind, flags, stream = head(data, at)
        payload = data[at + 9:end]
        if kind not in (HEADERS, PUSH_PROMISE):
            return end, (kind, flags, stream, payload)
        lead, block = bare(kind, flags, payload)
        done = flags & END_HEADERS
        while not done:
            last, _, more, _ = head(data, end)
            block += data[end + 9:last]
            end, done = last, more & END_HEADERS
        decoded = [(*field, field.indexable) for field in self._decoder.decode(block, raw=True)]
        return end, (kind, flags & END_STREAM, stream, lead, decoded)


def head(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Return where a frame ends, its type, its flags and its stream."""
    high, low, kind, flags, stream = struct.unpack_from('>HBBBL', data, at)
    return at + 9 + (high << 8 | low), kind, flags, stream & 0x7FFFFFFF


def bare(kind: int, flags: int, payload: bytes) -> tuple[bytes, bytes]:
    """Return the number of a promised stream, and the block without padding and priority."""
    if flags & PADDED:
        payload = payload[1:len(payload) - payload[0]]
    if kind == HEADERS:
        return b'', payload[5:] if flags & WITH_PRIORITY else payload
    return payload[:4], payload[4:]
