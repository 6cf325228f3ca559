"""What a process and its workers say to each other, as bytes: frames, each after its length. Knows no socket."""
from typing import Any

import msgspec

from ..errors import VaurienError

LENGTH_BYTES = 4
MAX_FRAME_BYTES = 2 ** 30   #: [bytes] of one: a million sessions
RAW = b'='  #: begins a frame whose data are bytes, after its other fields and the end of their line; JSON begins it nowhere


class Frame(msgspec.Struct, array_like=True):
    """One message.

    Args:
        kind: What it is.
        id: Of the question that is asked or answered; 0: it is neither.
        data: The rest: what JSON has, or bytes, which stay as they are.
    """

    kind: str
    id: int = 0
    data: Any = None


class Row(msgspec.Struct, array_like=True):
    """What a worker has counted of one of its proxies.

    Args:
        proxy: The proxy's name.
        serial: Another one where another proxy has come under the name, whose counts begin at 0.
        version: Of what the worker was told to be when it counted this.
        sessions: Those that are open.
        counts: ``counts.FIELDS``, in that order.
        faults: Behavior, kind, and how many.
        uses: Of each entry of the mix: its number there, how often it was chosen, in vain, and applied, and names of requests.
        unread: Reason, sessions that were relayed unread for it, and those that are open.
    """

    proxy: str
    serial: int
    version: int
    sessions: int
    counts: list[int]
    faults: list[tuple[str, str, int]] = []
    uses: list[tuple[int, int, int, int, list[str]]] = []
    unread: list[tuple[str, int, int]] = []


class SessionRow(msgspec.Struct, array_like=True):
    """A session of a worker, as ``/v1/proxies/{proxy}/sessions`` shows it."""

    number: int
    peer: str
    backend_name: str
    age: float
    transferred: tuple[int, int]
    exchanges: int
    behavior: str
    request: str


_encode, _decode_json = msgspec.json.Encoder(enc_hook=str).encode, msgspec.json.Decoder(Frame).decode


def encode(frame: Frame) -> bytes:
    """Write a frame."""
    raw = isinstance(frame.data, bytes)
    data = b'%s%s\n%s' % (RAW, _encode(Frame(frame.kind, frame.id)), frame.data) if raw else _encode(frame)
    return len(data).to_bytes(LENGTH_BYTES) + data


def decode(data: bytes | bytearray) -> Frame:
    """Read a frame.

    Raises:
        msgspec.DecodeError: It is none.
    """
    if not data.startswith(RAW):
        return _decode_json(data)
    head, _, rest = data[len(RAW):].partition(b'\n')
    frame = _decode_json(head)
    frame.data = bytes(rest)
    return frame


class Reader:
    """Cuts frames out of bytes, however those come in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that have become whole.

        Raises:
            VaurienError: The other side says something that is none.
        """
        self._buffer += data
        found, at = [], 0
        while len(self._buffer) - at >= LENGTH_BYTES:
            size = int.from_bytes(self._buffer[at:at + LENGTH_BYTES])
            if size > MAX_FRAME_BYTES:
                raise VaurienError(f'a frame of {size} bytes, expected at most {MAX_FRAME_BYTES}')
            end = at + LENGTH_BYTES + size
            if len(self._buffer) < end:
                break
            try:
                found.append(decode(self._buffer[at + LENGTH_BYTES:end]))
            except msgspec.DecodeError as error:
                raise VaurienError(f'no frame: {error}') from None
            at = end
        del self._buffer[:at]
        return found
