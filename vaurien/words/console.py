"""What the two commands write on a terminal: one line each for a mistake, and nothing into a pipe whose reader has left."""
import os
import sys


def escaped(text: str) -> str:
    """Write control characters, line ends and what turns the writing direction as ``\\n``, ``\\x1b``, ``\\u202e``."""
    if text.isprintable():
        return text
    return ''.join(char if char.isprintable() else char.encode('unicode_escape').decode() for char in text)


def complain(program: str, text: str, status: int) -> int:
    """Print one line on standard error, with the name of the program before it, and return the exit status."""
    if sys.stderr is not None:
        sys.stderr.write(f'{program}: {escaped(text)}\n')
    return status


def abandon_stdout() -> None:
    """Write no more to a standard output that takes nothing, so that the rest of its buffer does not fail at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
