"""What requests of one kind have in common: their names with what differs from one to the next masked. Pure functions of text.

A shape is what plans are written with, and what the requests of a run are counted by. It takes no part in what is drawn.
"""
import re

MASK = '?'      #: what stands in a shape for what is masked

#: What differs wherever it stands: UUIDs; hexadecimal numbers of 8 characters and more; random letters and digits, 16 and more;
#: decimal numbers. Each has a digit, so that a shape, which has none, is its own shape.
_VARYING = re.compile(
    r'(?<![^\W_])(?=[A-Fa-f-]{0,35}[0-9])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![^\W_])'
    r'|(?<![^\W_])(?=[A-Fa-f]*+[0-9])[0-9A-Fa-f]{8,}+(?![^\W_])'
    r'|(?<![^\W_])(?=[A-Za-z]*+[0-9]++[A-Za-z]*+[0-9])[0-9A-Za-z]{16,}+(?![^\W_])'
    r'|[0-9]++')
_WORD = re.compile(r'[0-9A-Za-z-]{8,}')     #: what all of these are in but decimal numbers
_NUMBER = re.compile(r'[0-9]+')


def masked(name: str) -> str:
    """Return a name with UUIDs, hexadecimal numbers of 8 characters and more, random words and decimal numbers masked by ``?``.

    >>> masked('GET /users/42/0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e')
    'GET /users/?/?'
    """
    for word in _WORD.findall(name):
        if not (word.isalpha() or word.isdigit()):
            return _VARYING.sub(MASK, name)
    return _NUMBER.sub(MASK, name)      # the same, at a third of the time
