"""Changes a response of HTTP/2 on its way: its fields, and its content. Knows no frame and no window."""
from ..h2.heads import length_of
from ..h2.hpack import Field
from ..written import BODILESS
from .edits import Edit, value_of, with_length


class StreamEditor:
    """Lets the response of one stream pass, changed.

    Args:
        edit: The changes.
        limit: [bytes] of content that can be held: what the client takes of a new stream.
        pieces: In how many pieces the content comes, over how many ``seconds``; 0: as it is.

    Attributes:
        edit: The changes that are made to this response.
        held: Content that waits until all of it is there.
        holds: Content is held.
        ended: There was no content: the headers have ended the stream.
    """

    __slots__ = ('edit', 'limit', 'held', 'holds', 'pieces', 'seconds', 'ended', '_coding', '_left')

    def __init__(self, edit: Edit, limit: int, pieces: int = 0, seconds: float = 0.0) -> None:
        self.edit, self.limit, self.holds, self.pieces, self.seconds = edit, limit, False, pieces, seconds
        self.held, self.ended = bytearray(), False
        self._coding, self._left = b'', None     # type: bytes, int | None

    def begin(self, fields: list[Field], status: int, ended: bool, of_body: bool) -> list[Field]:
        """Return the headers as they should leave.

        Args:
            fields: As they have come.
            status: The status that they say.
            ended: There is no content.
            of_body: The content can be changed.
        """
        edit, length, self.ended = self.edit, length_of(fields), ended
        if self.pieces:
            self.holds = not ended and of_body and (length or 0) <= self.limit
            return fields
        lines = edit.lines(fields, lower=True)
        if ended or not (of_body and edit.of_body) or status in BODILESS:
            return lines
        self._coding, self._left = value_of(fields, b'content-encoding'), edit.keep
        self.holds = bool(edit.values) and (length is None or length <= self.limit)
        if self.holds:
            return with_length(lines, None)
        if edit.keep is None or edit.short or length is None:
            return lines
        return with_length(lines, min(length, edit.keep), b'content-length')

    def take(self, data: bytes, at: int, end: int) -> int:
        """Take content, ``data[at:end]``; return how many bytes of it pass now."""
        if self.holds:
            self.held += data[at:end]
            return 0
        if self._left is None:
            return end - at
        count = min(end - at, self._left)
        self._left -= count
        return count

    def release(self) -> bytes:
        """Return what is held, unchanged but for what is cut off; from now on nothing is held."""
        self.holds = False
        held, self.held = bytes(self.held), bytearray()
        return held[:self.take(held, 0, len(held))]

    def finished(self) -> bytes:
        """Return what is held, changed, now that it is all."""
        body = self.edit.body(bytes(self.held), self._coding)
        return body if self.edit.keep is None else body[:self.edit.keep]
