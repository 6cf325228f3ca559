"""A transaction of PostgreSQL: what a session sees of its rows, and what it keeps. Knows no message.

What each statement does was held against release 15.
"""
from collections.abc import Callable

Rows = tuple[str, ...]

IDLE, BLOCK, FAILED = 'I', 'T', 'E'     #: the status


class FailingError(Exception):
    """A statement, or a step on the way to it, fails with this SQLSTATE."""


class Transaction:
    """The transaction of a session.

    Attributes:
        rows: What the session has inserted, as it sees that itself.
        kept: The same, as far as it is committed.
        status: ``IDLE``, ``BLOCK`` or ``FAILED``.
    """

    def __init__(self) -> None:
        self.rows: Rows = ()
        self.kept: Rows = ()
        self.status = IDLE
        self.savepoints: list[tuple[str, Rows]] = []

    def end(self, rows: Rows) -> None:
        """End the transaction, and keep these rows."""
        self.rows = self.kept = rows
        self.status = IDLE
        self.savepoints = []

    def begin(self) -> str:
        self.status = BLOCK
        return 'BEGIN'

    def commit(self) -> str:
        failed = self.status == FAILED
        self.end(self.kept if failed else self.rows)
        return 'ROLLBACK' if failed else 'COMMIT'

    def rollback(self) -> str:
        self.end(self.kept)
        return 'ROLLBACK'

    def savepoint(self, name: str) -> str:
        self._in_block()
        self.savepoints.append((name, self.rows))
        return 'SAVEPOINT'

    def back_to(self, name: str) -> str:
        at = self._find(name)
        self.rows, self.status = self.savepoints[at][1], BLOCK
        del self.savepoints[at + 1:]
        return 'ROLLBACK'

    def release(self, name: str) -> str:
        del self.savepoints[self._find(name):]
        return 'RELEASE'

    def _find(self, name: str) -> int:
        self._in_block()
        for at in reversed(range(len(self.savepoints))):
            if self.savepoints[at][0] == name:
                return at
        raise FailingError('3B001')

    def _in_block(self) -> None:
        if self.status == IDLE:
            raise FailingError('25P01')

    def control(self, verb: str, *words: str) -> str:
        """Do what a statement about transactions does, and return its tag."""
        known: dict[str, Callable[..., str]] = {
            'begin': self.begin, 'commit': self.commit, 'rollback': self.rollback, 'savepoint': self.savepoint,
            'back to': self.back_to, 'release': self.release}
        return known[verb](*words)
