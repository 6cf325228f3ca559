"""The shapes of PostgreSQL's requests: statements by their text, all else by its name. Pure functions of text."""
from functools import lru_cache
from typing import Final

from ..shapes import masked
from ..sql_shapes import POSTGRES
from ..sql_shapes import shape as statement

MAX_REMEMBERED: Final = 512     #: [texts] whose shapes are remembered; those with parameters come again and again
STARTUP: Final = 'startup '


@lru_cache(MAX_REMEMBERED)
def shape(name: str) -> str:
    """Return the shape of a request; it is its own shape."""
    return masked(name) if name.startswith(STARTUP) else statement(name, POSTGRES)
