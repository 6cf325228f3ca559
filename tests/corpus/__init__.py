"""Conversations of real clients with real servers, recorded by a relay between them. Knows the files and no protocol.

``python -m tests.corpus`` records another one.

A file ``tests/corpus/<protocol>/<conversation>.json`` is a list of turns ``[sender, text]``: sender ``>`` is the client and
``<`` the server, the text stands for bytes, one character each (latin-1). Nothing in it is secret, and none is larger than
a few pages.
"""
import json
from pathlib import Path

Turn = tuple[str, bytes]


def conversations(protocol: str) -> dict[str, list[Turn]]:
    """Return the recorded conversations of a protocol, by the name of their file, in the order of these names."""
    files = sorted((Path(__file__).parent / protocol).glob('*.json'))
    return {file.stem: load(file) for file in files}


def load(file: Path) -> list[Turn]:
    """Read the turns of one conversation."""
    return [(sender, text.encode('latin-1')) for sender, text in json.loads(file.read_text('utf-8'))]


def save(file: Path, turns: list[Turn]) -> None:
    """Write the turns of one conversation, one a line."""
    lines = (json.dumps([sender, data.decode('latin-1')]) for sender, data in turns)
    file.parent.mkdir(exist_ok=True)
    file.write_text('[\n' + ',\n'.join(lines) + '\n]\n', 'utf-8')
