"""What a message of WebSocket is to the relay: an exchange by its direction and its first bytes. Knows no failure."""
from codecs import utf_8_decode
from typing import Any, Final
from zlib import MAX_WBITS, decompressobj, error

from ...base import Exchange
from ..headers import RECEIVED, SENT
from . import frames

#: [bytes] of a text that its message is named by, those of its first frame
NAME_BYTES: Final = 256
SENDS, RECEIVES = b'send ', b'receive '
COMPRESSED: Final = b'compressed'       #: in place of a text that can only be read together with those before it
MESSAGES: Final = (SENT, RECEIVED)


class Said:
    """What is noted of a message.

    Attributes:
        head: [bytes] before the payload of its first frame.
        length: [bytes] of the payload of that.
        whole: It is the only one.
        linked: It is compressed together with those before and after it: without it those are wrong.
        fault: The ``Fault`` that happens to it; None: nothing, or what a behavior does itself.
    """

    __slots__ = ('head', 'length', 'whole', 'linked', 'fault')

    def __init__(self, head: int, length: int, whole: bool, linked: bool) -> None:
        self.head, self.length, self.whole, self.linked = head, length, whole, linked
        self.fault: Any = None


def begun(cut: frames.Frames, unit: frames.Unit, alone: bool) -> Exchange:
    """Make the exchange of a message that begins.

    Args:
        cut: What has cut it.
        unit: Its first frame, of which ``NAME_BYTES`` have come, or all there are.
        alone: Where it is compressed it can be read by itself.
    """
    opcode, at, body, end, _ = unit
    linked = cut.compressed and not alone
    said = Said(body - at, cut.length, cut.final, linked)
    text = cut.data[body:min(end, body + NAME_BYTES)]
    if cut.masked and text:
        text = frames.unmasked(text, cut.data[body - frames.MASK_BYTES:body])
    if linked:
        name = COMPRESSED
    elif opcode == frames.BINARY:
        name = b'%d bytes' % cut.length
    else:
        name = beginning(inflated(text) if cut.compressed else text)
    return Exchange((SENDS if cut.masked else RECEIVES) + name, SENT if cut.masked else RECEIVED, False, said)


def inflated(data: bytes) -> bytes:
    """Return the beginning of what was compressed by itself; what cannot be read is called ``compressed``."""
    try:
        return decompressobj(-MAX_WBITS).decompress(data, NAME_BYTES)
    except error:
        return COMPRESSED


def beginning(text: bytes) -> bytes:
    """Return a text without the part of a character that may be at its end."""
    return text if len(text) < NAME_BYTES else utf_8_decode(text, 'replace', False)[0].encode()
