"""What a command of ``vaurienctl`` has to say: data for programs, and a way to write it for a person. Knows no server."""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import VaurienError
from .text import Column, line, listing, table

STATUS_OK = {'status': 'ok'}  #: what there is to say where nothing is asked


class UsageError(VaurienError):
    """The command line is not right; the message says what is wrong with it."""


class Result(NamedTuple):
    """What a command has to say.

    Args:
        data: What ``--json`` writes.
        text: Makes what a person reads of it, within a width [characters]; 0: as wide as it is.
    """

    data: Any
    text: Callable[[Any, int], str]


class Stream(NamedTuple):
    """What a command has to say, piece by piece.

    Args:
        pieces: What ``--json`` writes, a line each; None is for people alone.
        text: Makes what a person reads of a piece, within a width [characters]; 0: as wide as it is.
        whole: Each piece takes the place of the one before it.
    """

    pieces: Iterable[Any]
    text: Callable[[Any, int], str]
    whole: bool = False


def done(text: str) -> Result:
    """Say that something has been done."""
    return said(STATUS_OK, text)


def said(data: Any, text: str) -> Result:
    """Say a sentence; programs get the data."""
    return Result(data, lambda data, width: text)


def rows(key: str, columns: Sequence[Column], found: Sequence[Mapping[str, Any]]) -> Result:
    """Show a table; programs get its rows under a key."""
    return Result({key: found}, lambda data, width: table(columns, data[key], width))


def listed(data: Mapping[str, Any]) -> Result:
    """Show what there is under names, one a line."""
    return Result(data, lambda data, width: listing(data))


def rows_that_come(columns: Sequence[Column], pieces: Iterable[Mapping[str, Any] | None]) -> Stream:
    """Show rows of a table as they come; the first piece is None, which stands for the headings."""
    return Stream(pieces, lambda row, width: line(columns, row, width))
