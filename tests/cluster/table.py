"""What was shown, a row each, and whether it was what is claimed."""
from collections.abc import Sequence
from typing import NamedTuple

from .relaying import Relayed

HEADER = f'{"":64}{"members":>8}{"p50 s":>8}{"p99 s":>8}{"max s":>8}{"claim s":>9}{"late s":>8}{"relayed MB":>12}  '


class Row(NamedTuple):
    """One of them.

    Attributes:
        what: What was done, and what is measured.
        took: Of each member [s]; empty: nothing is timed.
        claim: What all of them have to keep [s]; None: it is only measured.
        late: By how much the machine was late meanwhile, at worst [s].
        relayed: What went through members meanwhile.
        note: More, in words.
        failed: What was not as it should be; empty: nothing.
    """

    what: str
    took: Sequence[float] = ()
    claim: float | None = None
    late: float = 0.0
    relayed: Relayed = Relayed()
    note: str = ''
    failed: str = ''

    @property
    def kept(self) -> bool:
        """Whether the claim was kept, but for what the machine was late by, and all bytes came back as they were."""
        in_time = self.claim is None or max(self.took) <= self.claim + self.late
        return in_time and not self.failed and not self.relayed.wrong and not self.relayed.ended

    @property
    def verdict(self) -> str:
        """Say in a word or two what came of it."""
        if not self.kept:
            wrong = f', {self.relayed.wrong} wrong, {self.relayed.ended} ended' if self.relayed[1:3] != (0, 0) else ''
            return f'NOT KEPT{wrong} {self.failed[:300]}'
        if self.claim is None:
            return 'seen'
        return 'kept' if max(self.took) <= self.claim else 'kept but for the lateness'

    def __str__(self) -> str:
        times = [f'{moment:8.3f}' for moment in quantiles(self.took)] if self.took else ['       -'] * 3
        claim = '-' if self.claim is None else f'{self.claim:.0f}'
        note = f'\n    {self.note}' if self.note else ''
        return (f'{self.what:64}{len(self.took) or "-":>8}{"".join(times)}{claim:>9}{self.late:8.3f}'
                f'{self.relayed.total / 1e6:12.1f}  {self.verdict}{note}')


def quantiles(took: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, what 99 of 100 do not exceed, and the most."""
    there = sorted(took)
    return there[len(there) // 2], there[min(int(len(there) * 0.99), len(there) - 1)], there[-1]
