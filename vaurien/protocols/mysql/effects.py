"""What each command of MySQL does to the data: a statement by its text. Pure."""
from typing import Final

from ..effects.sql import effect as of_statement
from ..effects.sql import turn as of_transaction
from ..effects.words import END, LOGIN, Effect, Effects

#: a row that is there already
TAKEN: Final = ('1062', '1586')
PREPARE: Final = 'COM_STMT_PREPARE '
WORK: Final = ('query', 'execute')


def effect(name: str, stage: str) -> Effect:
    """Return what a command does."""
    if name == 'COM_QUIT' and stage not in WORK:
        return END
    return of_statement(name) if stage in WORK else LOGIN


def refused_by_itself(name: str, answer: str, code: str) -> bool:
    """Return whether a statement is refused because its row is there already."""
    return answer in TAKEN


def turn(name: str, stage: str) -> str:
    """Return what a command is for the transaction of its connection."""
    return of_transaction(name) if stage in WORK else ''


EFFECTS: Final = Effects(effect, refuses=refused_by_itself, turn=turn)
