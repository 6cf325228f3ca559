"""The shapes of Redis commands: the command, and its key without what differs. Pure functions of text."""
from typing import Final

from ..shapes import MASK, masked

MAX_SHAPE: Final = 200      #: [characters] of a shape; only the text of a script is longer
#: the commands whose argument is neither a key nor a word of theirs
ANY_ARGUMENT: Final = frozenset({'PING', 'ECHO'})


def shape(name: str) -> str:
    """Return the shape of a command with its first argument; it is its own shape.

    >>> shape('set session:0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e')
    'SET session:?'
    """
    verb, space, argument = name.partition(' ')
    verb = masked(verb[:MAX_SHAPE].upper()[:MAX_SHAPE])
    if not space:
        return verb
    return f'{verb} {MASK if verb in ANY_ARGUMENT else " ".join(masked(argument).split())}'[:MAX_SHAPE].rstrip()
