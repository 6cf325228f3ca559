"""A response that comes in pieces: what is held of it, and how it is taken apart. Knows no stream and no clock."""
from typing import Any, Final

from ..answers import body_at

MAX_HELD_BYTES: Final = 1024 * 1024     #: [bytes] of a response that are held; a longer one passes


def cut(body: bytes, count: int) -> list[bytes]:
    """Cut a body into so many pieces, which differ by one byte at most; into fewer where it has fewer bytes."""
    count = min(count, len(body))
    return [body[len(body) * number // count:len(body) * (number + 1) // count] for number in range(count)]


class Collecting:
    """Holds a response of HTTP/1 until it is whole; for the protocol object of a session, in which one comes at a time."""

    _held: bytearray | None = None      # None: what comes passes

    def dribble(self, to_backend: bool, pieces: int, seconds: float) -> None:
        """Hold the response that begins."""
        if not to_backend:
            self._held = bytearray()

    def collected(self, count: int) -> list[bytes]:
        """Return the headers of what was held, and its body in pieces; from now on what comes passes."""
        held, self._held = bytes(self._held or b''), None
        at = body_at(held, 0, len(held))
        return [held[:at], *cut(held[at:], count)]

    def _handle(self: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        data = source.recv()
        if to_backend or self._held is None:
            if data:
                dest.sendall(data)
            return bool(data)
        self._held += data
        if len(self._held) > MAX_HELD_BYTES:
            held, self._held = bytes(self._held), None
            dest.sendall(held)
        return bool(data)
