"""A part of a text, and what is said where it cannot be read. Knows no form of a text."""
from typing import NamedTuple


class Piece(NamedTuple):
    """A part of a text.

    Args:
        text: What it says; in a URL without its percent signs.
        start: Where it begins in the text.
        end: Where it ends.
    """

    text: str
    start: int
    end: int


class UnreadableError(Exception):
    """A text is not of the form that it seemed to be of; the message says what is expected, and has nothing of the text."""
