"""The shapes of Redis commands: the command, and its key without what differs. Pure functions of text."""
from functools import lru_cache
from typing import Final

from ..shapes import MASK, masked

MAX_SHAPE: Final = 200      #: [characters] of a shape; only the text of a script is longer
MAX_VERBS: Final = 1024     #: commands that are remembered with their shapes, ...
MAX_KNOWN: Final = 32       #: ... of at most so many characters
#: the commands whose argument is neither a key nor a word of theirs
ANY_ARGUMENT: Final = frozenset({'PING', 'ECHO'})


@lru_cache(MAX_VERBS)
def command(verb: str) -> str:
    """Return the shape of a command's name."""
    return masked(verb[:MAX_SHAPE].upper()[:MAX_SHAPE])


def shape(name: str) -> str:
    """Return the shape of a command with its first argument; it is its own shape.

    >>> shape('set session:0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e')
    'SET session:?'
    """
    verb, space, argument = name.partition(' ')
    verb = command(verb) if len(verb) <= MAX_KNOWN else command.__wrapped__(verb)
    if not space:
        return verb
    return f'{verb} {MASK if verb in ANY_ARGUMENT else " ".join(masked(argument).split())}'[:MAX_SHAPE].rstrip()
