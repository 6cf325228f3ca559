"""What earlier runs have found out, in the folder ``.vaurien``: which points have nothing wrong. Knows no run and no report."""
import os
from binascii import crc32
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from .model.faults import Point

FOLDER = Path('.vaurien')
REPORT = FOLDER / 'explore-report.json'     #: of the last run
VERSION = 1


class Content(msgspec.Struct):
    """The file.

    Args:
        version: Of its form: 1.
        command: What was explored.
        names: Learned shapes: proxy, the protocol's shape, what it is called.
        clean: Keys of points with nothing wrong.
    """

    version: int
    command: list[str]
    names: list[tuple[str, str, str]]
    clean: list[str]


def key_of(point: Point) -> str:
    """Return what a point is known by."""
    site = point.place.site
    before = f'{key_of(point.first)}\x1e' if point.first is not None else ''
    return before + '\x1f'.join((point.place.test, str(point.place.k), site.proxy, site.stage, site.shape, point.category,
                                 point.mode, ','.join(point.kinds)))


class Kept:
    """What is known of one command.

    Args:
        command: The command, with what says where its backends are.
        fresh: Whether to forget what there is.
        folder: Where it is kept.
    """

    def __init__(self, command: Sequence[str], fresh: bool = False, folder: Path = FOLDER) -> None:
        self._command, self._folder = list(command), folder
        self._path = folder / f'explore-{crc32(repr(self._command).encode()):08x}.json'
        self._clean: set[str] = set()
        self.names: dict[tuple[str, str], str] = {}
        if not fresh:
            self._read()

    def _read(self) -> None:
        try:
            content = msgspec.json.decode(self._path.read_bytes(), type=Content)
        except (OSError, msgspec.DecodeError):
            return      # there is none, or it was made by another version
        if content.version == VERSION and content.command == self._command:
            self._clean = set(content.clean)
            self.names = {(proxy, shape): name for proxy, shape, name in content.names}

    def is_clean(self, point: Point) -> bool:
        """Return whether nothing was wrong with a point."""
        return key_of(point) in self._clean

    def add(self, points: Iterable[Point]) -> None:
        """Keep points with nothing wrong.

        Raises:
            OSError: They cannot be written.
        """
        self._clean.update(key_of(point) for point in points)
        names = [(proxy, shape, name) for (proxy, shape), name in sorted(self.names.items()) if name != shape]
        content = Content(VERSION, self._command, names, sorted(self._clean))
        self.write(self._path, content)

    def write(self, path: Path, content: Any) -> None:
        """Write a file of the folder, all of it or nothing.

        Raises:
            OSError: It cannot be written.
        """
        self._folder.mkdir(exist_ok=True)
        ignored = self._folder / '.gitignore'
        if not ignored.exists():
            ignored.write_text('*\n', encoding='utf-8')
        beside = path.with_suffix('.new')
        beside.write_bytes(msgspec.json.encode(content))
        os.replace(beside, path)
