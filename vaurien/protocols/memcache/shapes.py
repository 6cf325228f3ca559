"""The shapes of memcached's requests: the command, and its keys without what differs. Pure functions of text."""
from ..shapes import masked


def shape(name: str) -> str:
    """Return the shape of a request by its words; it is its own shape. Keys that look alike count once.

    >>> shape('get user:1 user:2 user:3')
    'get user:?'
    """
    found: list[str] = []
    for word in masked(name).split():
        if not found or word != found[-1]:
            found.append(word)
    return ' '.join(found)
