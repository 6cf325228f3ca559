"""Half of a response, as it comes from a server that ends in the middle of it. Bytes only; knows no exchange and no stream."""

from typing import ClassVar

#: [bytes] of a response that are held to give half of them at its end; of one of twice as many bytes and more these are given
MAX_HALF_BYTES = 64 * 1024


class Half:
    """The first half of a response, which is given when all of the response has come: the server has done what was asked.

    A subclass may override ``cut``, or give what it lets pass at once.

    Attributes:
        whole: All of the response passes, changed, and its first bytes are in ``head``.
        end: How the connection ends, told as soon as nothing more is to be given; empty: as the failure says, once the response
            is complete.
    """

    __slots__ = ('end', 'held', 'total')
    whole: ClassVar[bool] = False
    head: bytes

    def __init__(self) -> None:
        self.end = ''
        self.held = bytearray()
        self.total = 0      # [bytes] that have come

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
