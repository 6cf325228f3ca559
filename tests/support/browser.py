"""A browser without a window: what a page looks like in it, as pixels. Knows no page; a PNG is read as RFC 2083 has it."""
import contextlib
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .processes import START, folder, program

SIGNATURE = b'\x89PNG\r\n\x1a\n'
#: bytes of a pixel, by the color type; 8 bits each
CHANNELS = {2: 3, 6: 4}


class Picture(NamedTuple):
    """What is seen.

    Attributes:
        width, height: [px].
        rows: From the top, each with ``channels`` bytes for each pixel.
        channels: 3: red, green, blue; 4: opacity too.
    """

    width: int
    height: int
    rows: list[bytes]
    channels: int

    def colors(self, left: float, top: float, right: float, bottom: float) -> set[bytes]:
        """Return the colors of all pixels that lie wholly within a rectangle."""
        step = self.channels
        return {row[at:at + 3] for row in self.rows[int(top) + 1:int(bottom)]
                for at in range((int(left) + 1) * step, int(right) * step, step)}


class Browser:
    """Chromium.

    Args:
        where: A folder for what it writes.
    """

    def __init__(self, where: Path) -> None:
        self._program, self._folder = program('chromium', 'chromium-browser', 'google-chrome'), where

    def look(self, url: str, width: int, height: int) -> Picture:
        """Open a page in a window of this size [px], and return what is seen there."""
        shot = self._folder / 'shot.png'
        subprocess.run([self._program, '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars',
                        '--force-device-scale-factor=1', f'--user-data-dir={tempfile.mkdtemp(dir=self._folder)}',
                        f'--window-size={width},{height}', f'--screenshot={shot}', url],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=START, check=True)
        return read_png(shot.read_bytes())


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Give a browser; raises ``MissingServer`` where there is none."""
    with folder() as where:
        yield Browser(where)


def read_png(data: bytes) -> Picture:
    """Read a picture whose pixels are of 8-bit colors."""
    assert data.startswith(SIGNATURE)
    chunks: dict[bytes, bytes] = {}
    at = len(SIGNATURE)
    while at < len(data):
        length, kind = struct.unpack_from('>I4s', data, at)
        chunks[kind] = chunks.get(kind, b'') + data[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, color, _, _, interlaced = struct.unpack('>IIBBBBB', chunks[b'IHDR'])
    assert (depth, interlaced) == (8, 0)
    channels = CHANNELS[color]
    return Picture(width, height, unfiltered(zlib.decompress(chunks[b'IDAT']), width * channels, channels), channels)


def unfiltered(data: bytes, length: int, step: int) -> list[bytes]:
    """Undo the filters of the lines of a PNG (RFC 2083, section 6).

    Args:
        data: Lines, each with its filter before it.
        length: Bytes of a line without that.
        step: Bytes of a pixel.
    """
    rows: list[bytes] = []
    above = bytes(length)
    for start in range(0, len(data), length + 1):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + length])
        if kind == 2:
            row = bytearray((one + two) & 255 for one, two in zip(row, above, strict=True))
        elif kind:
            for at in range(length):
                left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
                row[at] = row[at] + predicted(kind, left, above[at], corner) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    """Return what a filter takes a byte for, by those around it."""
    if kind == 1:
        return left
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner      # Paeth
    return min((left, up, corner), key=lambda one: abs(guess - one))
