"""The journal of a process with workers, which hand over the lines of their sessions. Knows no session."""
from typing import Any

from ...outputs.journal.file import JournalFile, mixed
from ...outputs.journal.lines import Mixed
from ..mirror import Mirror


class GatheredJournal(JournalFile):
    """Writes what all workers hand over.

    The line that says what a proxy has become waits until all workers have become that, and handed over what they had before;
    lines that were made after it wait until it is written.

    Args:
        fleet, path: As for ``JournalFile``.
    """

    def __init__(self, fleet: Mirror, path: str) -> None:
        self._changed: list[Mixed] = []
        self._early: list[bytes] = []
        self._version = fleet.crew.version
        super().__init__(fleet, path)
        self._mirror = fleet
        fleet.gathered = self

    def _proxy(self, proxy: Any) -> None:
        self._changed.append(mixed(proxy))

    def take(self, version: int, data: bytes) -> None:
        """Take lines of a worker."""
        if version > self._version:
            self._early.append(data)
        else:
            self._batches.add(data)

    def close(self) -> None:
        self._mirror.gathered = None
        super().close()

    def settle(self, version: int) -> None:
        """Know that all workers are what they should be."""
        changed, early, self._version = self._changed, self._early, version
        self._changed, self._early = [], []
        for line in changed:
            self._batches.write(line)
        for data in early:
            self._batches.add(data)
