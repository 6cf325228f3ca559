"""Reads the code blocks of a page of the docs, and what is said about them. Runs nothing.

A block that cannot be run has a comment before it, ``.. not run: why``.
"""
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
START = re.compile(r'^(?P<indent> *)\.\. code-block:: *(?P<language>\S+)$')
OPTION = re.compile(r'^ *:(\w+): *(.*)$')
REASON = re.compile(r'^ *\.\. not run: *(.*)$')


class Block(NamedTuple):
    """One block.

    Attributes:
        where: Page and line.
        language: What it is written in: ``console``, ``python``, ``ini``, ...
        caption: The file that it stands for; empty: none.
        text: What stands in it.
        reason: Why it is not run; empty: it is.
    """

    where: str
    language: str
    caption: str
    text: str
    reason: str


def blocks(path: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    return list(_blocks(path.relative_to(ROOT).as_posix(), path.read_text('utf-8').splitlines()))


def untyped_tests(found: list[Block]) -> list[str]:
    """Return the files of tests among the blocks of a page that the page does not run itself."""
    typed = '\n'.join(block.text for block in found if block.language == 'console')
    tests = [block.caption for block in found if block.caption.startswith('test_') and not block.reason]
    return [name for name in tests if name not in typed]


def _blocks(name: str, lines: list[str]) -> Iterator[Block]:
    reason = ''
    for number, line in enumerate(lines):
        if found := REASON.match(line):
            reason = found[1]
        elif found := START.match(line):
            caption, text = _inside(lines[number + 1:], len(found['indent']))
            yield Block(f'{name}:{number + 1}', found['language'], caption, text, reason)
            reason = ''
        elif line.strip() and not line.startswith(' '):
            reason = ''


def _inside(lines: list[str], indent: int) -> tuple[str, str]:
    """Return the caption and the text of a block whose directive is indented so far."""
    caption, body = '', []
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        found = OPTION.match(line)
        if found and not any(before.strip() for before in body):
            caption = found[2] if found[1] == 'caption' else caption
        else:
            body.append(line)
    return caption, textwrap.dedent('\n'.join(body)).strip('\n') + '\n'


def pages() -> list[Path]:
    """Return all pages that somebody has written."""
    return sorted(path for path in [*DOCS.rglob('*.rst'), ROOT / 'README.rst'] if '_build' not in path.parts)
