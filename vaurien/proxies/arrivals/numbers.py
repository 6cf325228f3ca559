"""How sessions are numbered: by one process, or by several that take their clients at the same addresses. Knows no session."""
from collections.abc import Mapping
from typing import NamedTuple


class Share(NamedTuple):
    """Which of the sessions of all proxies a process has.

    The numbers of several processes are as many apart, so that none comes twice: the second of three has 2, 5, 8 and so on. What
    a session draws depends on its number.

    Args:
        worker: The process's own number, from 1.
        workers: How many there are; 1: it is alone, and has all numbers.
        after: By proxies' names: numbers that were given already, before this process was there.
    """

    worker: int = 1
    workers: int = 1
    after: Mapping[str, int] = {}

    @property
    def alone(self) -> bool:
        """Whether no other process takes clients at the same addresses."""
        return self.workers == 1

    def last(self, proxy: str) -> int:
        """Return the number that stands before the first one that a proxy's sessions get here."""
        rounds = -(-max(0, self.after.get(proxy, 0) - self.worker + 1) // self.workers)
        return self.worker + (rounds - 1) * self.workers


ALONE = Share()
