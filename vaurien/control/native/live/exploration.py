"""What is watched of an exploration: its requests by failures, what came of each, and its findings. Bounded; runs nothing."""
from collections.abc import Sequence
from typing import Literal

import msgspec

from ...server_sent import event
from ..endpoint import Endpoint, Request
from ..models import Output

PATH = '/v1/exploration'
MAX_ROWS = MAX_COLUMNS = 200    #: of the matrix; how many more requests there are is said
MAX_NAME, MAX_TEXT = 160, 600   #: [characters] of a request or a verdict, and of a sentence or a command line
MAX_FINDINGS, MAX_REQUESTS = 100, 3     #: findings, and requests that are named of each

State = Literal['baseline', 'trying', 'confirming', 'ended']


class Failure(Output):
    """A column: a class of failures by its letter, how often it is applied (``once``, ``always``), and what the class means."""

    category: str
    mode: str
    meaning: str


class ExploredRequest(Output):
    """A row: a kind of request of a proxy, and a word for each failure.

    ``waiting``, ``running``, ``pass``, ``not met`` (no request came), ``not tried``, ``not confirmed``, or the name of a verdict;
    empty: this failure is nothing that could happen there.
    """

    proxy: str
    request: str
    cells: list[str]


class ExplorationFinding(Output):
    """A finding; ``requests`` are ``request_count``, and the first ones are named. ``sentence`` says when it is given, ``detail``
    what was seen, ``again`` is the command line that shows it again, and ``accepted`` that it is known."""

    verdict: str
    level: str
    proxy: str
    category: str
    mode: str
    sentence: str
    detail: str
    again: str
    accepted: bool
    requests: list[str]
    request_count: int
    test_count: int


class Exploration(Output):
    """An exploration. ``doing`` is what is done now; ``runs`` are done, and ``runs_left`` are left at this level, as far as is
    known. ``requests_left_out`` and ``findings_left_out`` are how many more there are than are told. ``summary`` is empty until
    it has ended."""

    state: State
    doing: str
    level: int
    runs: int
    runs_left: int
    failures: list[Failure]
    requests: list[ExploredRequest]
    requests_left_out: int
    findings: list[ExplorationFinding]
    findings_left_out: int
    summary: str


class Explored(Output):
    """The exploration that is under way, or has just ended; null: none is. ``vaurien explore --http`` has one."""

    exploration: Exploration | None


class Exploring:
    """An exploration that is watched: what explores changes it, and those who follow are told of the newest state alone.

    Args:
        level: What is tried.
        failures: The columns that there may be, in their order; those that are nowhere in a row are not shown.

    Attributes:
        revision: How often it has changed.
        told: The revision that each follower has been sent, by a key of its own.
    """

    def __init__(self, level: int, failures: Sequence[Failure]) -> None:
        self.level, self.failures = level, tuple(failures[:MAX_COLUMNS])
        self.state: State = 'baseline'
        self.doing = self.summary = ''
        self.runs = self.runs_left = self.revision = 0
        self.told: dict[object, int] = {}
        self._rows: dict[tuple[str, ...], dict[int, str]] = {}
        self._more: set[tuple[str, ...]] = set()
        self._findings: tuple[ExplorationFinding, ...] = ()
        self._written = -1, b''

    def say(self, state: State, doing: str, runs: int = 0, left: int = 0) -> None:
        """Say what is done now.

        Args:
            state: Which step.
            doing: In words.
            runs, left: Runs of the level that are done, and left.
        """
        self.state, self.doing, self.runs, self.runs_left = state, doing[:MAX_TEXT], runs, left
        self.revision += 1

    def put(self, row: tuple[str, ...], column: int, word: str) -> None:
        """Put a word into a cell.

        Args:
            row: The proxy, the request as it is shown, and what else tells it from others.
            column: The number of the failure, from 0.
            word: As ``ExploredRequest`` has it.
        """
        if row not in self._rows and len(self._rows) >= MAX_ROWS:
            self._more.add(row)
        elif column < len(self.failures):
            self._rows.setdefault(row, {})[column] = word[:MAX_NAME]
        self.revision += 1

    def clear(self) -> None:
        """Empty the matrix."""
        self._rows.clear()
        self._more.clear()
        self.revision += 1

    def end(self, summary: str, findings: Sequence[ExplorationFinding]) -> None:
        """Say what was found, the worst first."""
        self._findings, self.summary = tuple(findings), summary[:MAX_TEXT]
        self.say('ended', '', self.runs, self.runs_left)

    def view(self) -> Exploration:
        """Return what is known now."""
        used = sorted({column for row in self._rows.values() for column in row})
        return Exploration(
            state=self.state, doing=self.doing, level=self.level, runs=self.runs, runs_left=self.runs_left,
            failures=[self.failures[column] for column in used],
            requests=[ExploredRequest(proxy=key[0][:MAX_NAME], request=key[1][:MAX_NAME],
                                      cells=[row.get(column, '') for column in used]) for key, row in self._rows.items()],
            requests_left_out=len(self._more), findings=[cut(one) for one in self._findings[:MAX_FINDINGS]],
            findings_left_out=max(0, len(self._findings) - MAX_FINDINGS), summary=self.summary)

    def written(self) -> bytes:
        """Return it as an event, which is written once for all who follow."""
        if self._written[0] != self.revision:
            self._written = self.revision, event('exploration', self.view())
        return self._written[1]

    @property
    def is_told(self) -> bool:
        """Whether all who follow have been sent the newest state."""
        return all(revision == self.revision for revision in self.told.values())


def cut(finding: ExplorationFinding) -> ExplorationFinding:
    """Return a finding with texts that are not too long."""
    texts = {name: getattr(finding, name)[:MAX_TEXT] for name in ('proxy', 'sentence', 'detail', 'again')}
    requests = [name[:MAX_NAME] for name in finding.requests[:MAX_REQUESTS]]
    return msgspec.structs.replace(finding, requests=requests, **texts)


class ExplorationCalls:
    """What the call does.

    Args:
        exploring: What is watched; None: nothing is explored here.
    """

    def __init__(self, exploring: Exploring | None) -> None:
        self.exploring = exploring

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return its part of the table of calls."""
        return (Endpoint('GET', PATH, 'The exploration under way: its requests by failures, and what came of each; in the end '
                         'its findings', self.exploration, Explored),)

    def exploration(self, request: Request) -> Explored:
        return Explored(exploration=None if self.exploring is None else self.exploring.view())
