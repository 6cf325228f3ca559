"""Header compression, RFC 7541: a decoder that follows the table of a sender, and an encoder that needs none. Knows no frame.

A field is a name, a value, and whether it must never be put into a table. What is encoded here refers to no table and changes
none, so it can be sent in a conversation whose tables belong to two others.
"""
from collections import deque
from typing import Final

from ....errors import ProtocolError
from . import huffman

Field = tuple[bytes, bytes, bool]

MAX_LIST_BYTES = 64 * 1024      #: [bytes] of a list of fields, as RFC 9113 section 6.5.2 counts them; more is not followed
MAX_TABLE_BYTES = 64 * 1024     #: [bytes] of a table, counted likewise; one that may become larger is not followed
TABLE_BYTES = 4096              #: [bytes] of a table before a peer has said anything else (RFC 9113 section 6.5.2)
FIELD_BYTES = 32                #: [bytes] that a field counts beside its texts (RFC 7541 section 4.1)
MAX_INTEGER_BITS = 28           #: [bits] of an integer beyond its prefix

#: RFC 7541 appendix A: ``name`` or ``name=value``
STATIC: Final = """
:authority; :method=GET; :method=POST; :path=/; :path=/index.html; :scheme=http; :scheme=https; :status=200; :status=204;
:status=206; :status=304; :status=400; :status=404; :status=500; accept-charset; accept-encoding=gzip, deflate;
accept-language; accept-ranges; accept; access-control-allow-origin; age; allow; authorization; cache-control;
content-disposition; content-encoding; content-language; content-length; content-location; content-range; content-type;
cookie; date; etag; expect; expires; from; host; if-match; if-modified-since; if-none-match; if-range; if-unmodified-since;
last-modified; link; location; max-forwards; proxy-authenticate; proxy-authorization; range; referer; refresh; retry-after;
server; set-cookie; strict-transport-security; transfer-encoding; user-agent; vary; via; www-authenticate
"""
ENTRIES: Final[list[Field]] = [(b'', b'', False)] + [
    (name.encode(), value.encode(), False)
    for name, _, value in (entry.partition('=') for entry in STATIC.replace('\n', ' ').strip().split('; '))]
OWN: Final = len(ENTRIES)       #: the first index of the dynamic table


class Decoder:
    """Decodes the header blocks of one direction, in their order.

    Attributes:
        limit: [bytes] of the table that the receiver of the blocks allows their sender.
        resized: The sizes that the sender has given its table, which its receiver has to be told in the next block that it gets:
            the smallest, and the last.
    """

    __slots__ = ('limit', 'resized', '_entries', '_size', '_room')

    def __init__(self) -> None:
        self.limit = self._room = TABLE_BYTES
        self.resized: tuple[int, ...] = ()
        self._entries: deque[Field] = deque()   # the newest first
        self._size = 0

    def decode(self, block: bytes) -> list[Field]:
        """Return the fields of a block.

        Raises:
            ProtocolError: It cannot be decoded, or has more than is followed.
        """
        try:
            return self._decode(block)
        except IndexError:
            raise ProtocolError('a header block that does not end') from None

    def _decode(self, block: bytes) -> list[Field]:
        found: list[Field] = []
        at, end, total = 0, len(block), 0
        while at < end:
            first = block[at]
            if first & 0x80:
                index, at = integer(block, at, 0x7F)
                field = self._entry(index)
            elif first & 0x40:
                field, at = self._literal(block, at, 0x3F)
                self._add(field)
            elif first & 0x20:
                size, at = integer(block, at, 0x1F)
                self._resize(size, bool(found))
                continue
            else:
                (name, value, _), at = self._literal(block, at, 0x0F)
                field = name, value, bool(first & 0x10)
            total += len(field[0]) + len(field[1]) + FIELD_BYTES
            if total > MAX_LIST_BYTES:
                raise ProtocolError(f'more than {MAX_LIST_BYTES} bytes of headers')
            found.append(field)
        return found

    def _entry(self, index: int) -> Field:
        if 0 < index < OWN:
            return ENTRIES[index]
        if not index or index - OWN >= len(self._entries):
            raise ProtocolError('a header block refers to a field that is in no table')
        return self._entries[index - OWN]

    def _literal(self, block: bytes, at: int, prefix: int) -> tuple[Field, int]:
        index, at = integer(block, at, prefix)
        if index:
            name = self._entry(index)[0]
        else:
            name, at = text(block, at)
        value, at = text(block, at)
        return (name, value, False), at

    def _add(self, field: Field) -> None:
        size = len(field[0]) + len(field[1]) + FIELD_BYTES
        self._evict(self._room - size)
        if size <= self._room:
            self._entries.appendleft(field)
            self._size += size

    def _evict(self, room: int) -> None:
        entries = self._entries
        while entries and self._size > room:
            name, value, _ = entries.pop()
            self._size -= len(name) + len(value) + FIELD_BYTES

    def _resize(self, size: int, late: bool) -> None:
        if late or size > self.limit:
            raise ProtocolError('a table of headers that is larger than was allowed')
        self._room = size
        self._evict(size)
        self.resized = tuple(dict.fromkeys((min((*self.resized, size)), size)))

    def allow(self, size: int) -> None:
        """Record what the receiver allows; blocks may be on their way for which that does not hold yet.

        Raises:
            ProtocolError: It is more than is followed.
        """
        if size > MAX_TABLE_BYTES:
            raise ProtocolError(f'a table of headers of more than {MAX_TABLE_BYTES} bytes')
        self.limit = max(self.limit, size)


def integer(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    """Read an integer, RFC 7541 section 5.1.

    Args:
        block: The bytes.
        at: Where it begins.
        prefix: The bits of its first byte.

    Returns:
        It, and the offset after it.

    Raises:
        ProtocolError: It is larger than anything that a block may need.
        IndexError: It does not end.
    """
    number = block[at] & prefix
    at += 1
    if number < prefix:
        return number, at
    shift = 0
    while True:
        byte = block[at]
        at += 1
        number += (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, at
        if shift > MAX_INTEGER_BITS:
            raise ProtocolError('an integer of a header block that is too large')


def text(block: bytes, at: int) -> tuple[bytes, int]:
    """Read a text, RFC 7541 section 5.2, and return it and the offset after it."""
    coded = block[at] & 0x80
    length, at = integer(block, at, 0x7F)
    end = at + length
    if end > len(block):
        raise ProtocolError('a header block that does not end')
    raw = block[at:end]
    return (huffman.decode(raw) if coded else raw), end


def encoded_integer(number: int, prefix: int, first: int) -> bytes:
    """Encode an integer after the bits ``first`` of its first byte."""
    if number < prefix:
        return bytes((first | number,))
    out = [first | prefix]
    number -= prefix
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def encoded(fields: list[Field], resized: tuple[int, ...] = ()) -> bytes:
    """Encode fields so that no table is read or changed, each text as it is.

    Args:
        fields: The fields, in their order.
        resized: Sizes of the table that the receiver is told first.
    """
    out = [encoded_integer(size, 0x1F, 0x20) for size in resized]
    for name, value, never in fields:
        out += (b'\x10' if never else b'\0', encoded_integer(len(name), 0x7F, 0), name,
                encoded_integer(len(value), 0x7F, 0), value)
    return b''.join(out)
