"""Pipelines of commands that look alike, and replies that do: told column by column, in place of word by word.

Lines and counts; knows no exchange and no command.
"""
from collections.abc import Sequence
from typing import Final

#: the length in a line of one [bytes], ``$5`` is 5; the longer ones, and what is none, are left to those who read word by word
SIZES: Final = {b'$%d' % size: size for size in range(1000)}


def are_sizes(lines: Sequence[bytes], texts: Sequence[bytes]) -> bool:
    """Return whether each line is the length of the text beside it."""
    return list(map(SIZES.get, lines)) == list(map(len, texts))


def commands_alike(words: Sequence[bytes], step: int, last: int) -> int:
    """Return how many whole commands these lines are, if each has as many lines as the first one; 0: they are anything else.

    Args:
        words: What the data were split into by ``CRLF``.
        step: How many lines the first command has, with that of its own length.
        last: How many of the lines have an end.
    """
    count, more = divmod(last, step)
    if more or words[:last:step].count(words[0]) != count:
        return 0
    for place in range(1, step, 2):
        if not are_sizes(words[place:last:step], words[place + 1:last:step]):
            return 0
    return count


def texts_alike(lines: Sequence[bytes], last: int) -> int:
    """Return how many replies these lines are, if each is one text; 0: they are anything else."""
    return last // 2 if not last % 2 and are_sizes(lines[:last:2], lines[1:last:2]) else 0
