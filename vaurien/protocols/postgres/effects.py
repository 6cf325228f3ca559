"""What each request of PostgreSQL does to the data: a statement by its text. Pure."""
from typing import Final

from ..effects.sql import effect as of_statement
from ..effects.sql import turn as of_transaction
from ..effects.words import END, LOGIN, Effect, Effects

#: a row that is there already, or excludes another one
TAKEN: Final = ('23505', '23P01')


def effect(name: str, stage: str) -> Effect:
    """Return what a request does."""
    if stage == 'startup':
        return LOGIN
    return END if stage in ('end', 'cancel') else of_statement(name)


def refused_by_itself(name: str, answer: str, code: str) -> bool:
    """Return whether a statement is refused because its row is there already."""
    return answer in TAKEN


def turn(name: str, stage: str) -> str:
    """Return what a request is for the transaction of its connection."""
    return of_transaction(name)


EFFECTS: Final = Effects(effect, refuses=refused_by_itself, turn=turn)
