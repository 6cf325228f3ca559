"""Places in a JSON document, RFC 6901, and what is put there. Pure."""
from json import loads
from typing import Any, Final

Pointer = tuple[str, ...]   #: its tokens, unescaped

MAX_TOKENS: Final = 64      #: tokens of a pointer at most
MAX_CHARACTERS: Final = 4096    #: [characters] of a pointer with its value
NEXT: Final = '-'           #: the place after the last one of an array


def read_pointer(text: str) -> Pointer:
    """Read a pointer: ``/items/0/name``; empty: the whole document.

    Raises:
        ValueError: It is none.
    """
    if not text:
        return ()
    first, *tokens = text.split('/')
    if first or len(tokens) > MAX_TOKENS or any('~' in token.replace('~0', '').replace('~1', '') for token in tokens):
        raise ValueError(text)
    return tuple(token.replace('~1', '/').replace('~0', '~') for token in tokens)


def read_value(text: str) -> tuple[Pointer, Any]:
    """Read ``POINTER=VALUE``; a value that is no JSON is text.

    Raises:
        ValueError: There is no equals sign, or the pointer is none.
    """
    place, equals, value = text.partition('=')
    if not equals or len(text) > MAX_CHARACTERS:
        raise ValueError(text)
    try:
        found = loads(value)
    except (ValueError, RecursionError):
        found = value
    return read_pointer(place.strip()), found


def check_value(text: str) -> str:
    """Return a text that ``read_value`` reads.

    Raises:
        ValueError: It does not.
    """
    read_value(text)
    return text


def put(document: Any, pointer: Pointer, value: Any) -> Any:
    """Return a document with a value at a place: a name that an object lacks is added, and ``-`` is the next place of an array.

    Raises:
        LookupError: There is no such place.
    """
    if not pointer:
        return value
    within = document
    for token in pointer[:-1]:
        within = within[index_of(within, token)] if isinstance(within, list) else member(within, token)
    last = pointer[-1]
    if isinstance(within, dict):
        within[last] = value
    elif isinstance(within, list) and last == NEXT:
        within.append(value)
    elif isinstance(within, list):
        within[index_of(within, last)] = value
    else:
        raise LookupError(last)
    return document


def member(within: Any, token: str) -> Any:
    """Return what an object has under a name."""
    if not isinstance(within, dict):
        raise LookupError(token)
    return within[token]


def index_of(within: list[Any], token: str) -> int:
    """Return the number that a token is, of an element that is there."""
    if not (token.isascii() and token.isdigit()) or len(token) > 1 and token[0] == '0' or len(token) > 9:
        raise LookupError(token)
    index = int(token)
    if index >= len(within):
        raise LookupError(token)
    return index
