"""What happened when: cells of the same length, of which there are only so many. Knows no phase."""
from .histogram import Histogram

MAX_CELLS = 240     #: of a report: as many as a picture can show; where there would be more, each two become one
FIRST_WIDTH = 0.1   #: [s] of a cell at the beginning


class Cell:
    """What happened in one piece of time."""

    __slots__ = ('requests', 'failed', 'faults', 'answered')

    def __init__(self) -> None:
        self.requests = self.failed = self.faults = 0
        self.answered = Histogram()

    def merge(self, other: 'Cell') -> None:
        """Add what happened in another one."""
        self.requests += other.requests
        self.failed += other.failed
        self.faults += other.faults
        self.answered.merge(other.answered)


class Timeline:
    """Cells, from the beginning on.

    Attributes:
        width: How long each is [s].
        cells: Those until now; those at the end in which nothing happened are missing.
    """

    def __init__(self, width: float = FIRST_WIDTH) -> None:
        self.width = width
        self.cells: list[Cell] = []

    def at(self, seconds: float) -> Cell:
        """Return the cell of a time [s] since the beginning."""
        while (place := int(max(0.0, seconds) / self.width)) >= MAX_CELLS:
            self._fold()
        while place >= len(self.cells):
            self.cells.append(Cell())
        return self.cells[place]

    def _fold(self) -> None:
        """Make one cell of each two."""
        for first, second in zip(self.cells[::2], self.cells[1::2], strict=False):
            first.merge(second)
        self.cells = self.cells[::2]
        self.width *= 2
