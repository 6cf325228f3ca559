"""What passes of a response, as it comes from a server that fails in the middle of it. Bytes only; knows no exchange."""
from collections.abc import Iterator
from typing import ClassVar

#: [bytes] of a response that are held to give half of them at its end; of one of twice as many bytes and more these are given
MAX_HALF_BYTES = 64 * 1024


class Half:
    """The first half of a response, which is given when all of the response has come: the server has done what was asked.

    A subclass may override ``cut``, or give what it lets pass at once; or more of it, or something else, by ``pieces``.

    Attributes:
        end: How the connection ends, told as soon as nothing more is to be given; empty: as the failure says, once the response
            is complete.
        kind: What is to be written down of it once it has begun; empty: nothing, or it was.
        begun: The client gets from here on what it would not get otherwise.
        slow: Pieces of it may have to wait.
        left_at: When the last piece that had to wait was due [s]; 0: there was none. Its lane keeps it.
    """

    __slots__ = ('end', 'held', 'total', 'kind', 'begun', 'slow', 'left_at')

    #: it is written down when the request comes, whatever the response is; False: once it has begun, and if it ever does
    reported: ClassVar[bool] = True
    #: the request says that no coding of content is accepted
    plain: ClassVar[bool] = False

    def __init__(self) -> None:
        self.end = self.kind = ''
        self.begun = self.slow = False
        self.left_at = 0.0
        self.held = bytearray()
        self.total = 0      # [bytes] that have come

    def spares(self, data: bytes) -> str:
        """Return why nothing happens to a response that begins with ``data``; empty: something may."""
        return ''

    def pieces(self, data: bytes, done: bool) -> Iterator[tuple[float, bytes]]:
        """Give what the client gets now that more of the response has come: the pause before each piece [s], and the piece.

        Args:
            data, done: As for ``take``.
        """
        yield 0.0, self.take(data, done)

    def take(self, data: bytes, done: bool) -> bytes:
        """Return what the client gets now that more of the response has come.

        Args:
            data: The next bytes of the response.
            done: They are its last ones.
        """
        self.total += len(data)
        self.held += data[:MAX_HALF_BYTES - len(self.held)]
        return bytes(self.held[:self.cut(self.held, self.total)]) if done else b''

    def cut(self, held: bytearray, total: int) -> int:
        """Return how many bytes of a response the client gets.

        Args:
            held: Its first bytes, all of them or ``MAX_HALF_BYTES``.
            total: How many it has.
        """
        return total // 2


class HalfOfLines(Half):
    """The first lines of a response: half of them, and none where there is only one.

    Clients take half a line for a line.
    """

    __slots__ = ()

    def cut(self, held: bytearray, total: int) -> int:
        lines = held.count(b'\n')
        at = 0
        for _ in range(lines // 2):
            at = held.index(b'\n', at) + 1
        return at
