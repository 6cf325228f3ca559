"""The shapes of requests of MySQL: statements by their text, other commands by their name. Pure functions of text."""
from functools import lru_cache
from typing import Final

from ..shapes import masked
from ..sql_shapes import MYSQL
from ..sql_shapes import shape as statement

MAX_REMEMBERED: Final = 512     #: [texts] whose shapes are remembered; those with parameters come again and again
PREPARE: Final = 'COM_STMT_PREPARE '
OTHER: Final = ('COM_', 'login ')


@lru_cache(MAX_REMEMBERED)
def shape(name: str) -> str:
    """Return the shape of a request; it is its own shape."""
    if name.startswith(PREPARE):
        return (PREPARE + statement(name.removeprefix(PREPARE), MYSQL)).rstrip()
    return masked(name) if name.startswith(OTHER) else statement(name, MYSQL)
