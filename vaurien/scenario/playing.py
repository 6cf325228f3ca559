"""One playing of a scenario, from its check to its report: what ``vaurien scenario`` and ``vaurien run`` have in common."""
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..spec import ProxySpec
from ..words.phases.model import Scenario
from .program import Check, Program

if TYPE_CHECKING:
    from gevent.event import Event

    from ..proxies.fleet import Fleet
    from .report.document import Report


class Playing:
    """Plays a scenario once, and writes its report.

    Args:
        scenario: The scenario.
        label: How the user knows its file.
        scale: What all times are multiplied with.
        json: The file that the report is written into; empty: none.
        svg: The file that the picture is written into; empty: none.
        check: Raises where a proxy cannot be what a phase makes of it; None: the fleet does.

    Attributes:
        ended: Why it has ended: a word of ``player``; empty: it has not.
        unmet: Whether an entry of a phase's plan was applied to no request.
        notes: What else the report is to say.
    """

    def __init__(self, scenario: Scenario, label: str, scale: float = 1.0, json: str = '', svg: str = '',
                 check: Check | None = None) -> None:
        self._scenario, self._label, self._scale, self._json, self._svg = scenario, label, scale, json, svg
        self._check = check
        self._player: Any = None
        self._seed = 0
        self.ended, self.unmet = '', False
        self.notes: list[str] = []

    def program(self, fleet: 'Fleet', proxies: Iterable[ProxySpec]) -> Program:
        """Check all phases.

        Args:
            fleet: Knows what a proxy can be.
            proxies: What the proxies are before.

        Raises:
            ConfigError: A phase cannot be played.
        """
        return Program(self._scenario, {spec.name: spec for spec in proxies}, self._check or fleet.validate,
                       self._label, self._scale)

    def prepare(self, fleet: 'Fleet', proxies: Iterable[ProxySpec], tell: Callable[[str], Any]) -> None:
        """Check all phases and files, and begin to count; nothing listens yet.

        Args:
            fleet: The proxies.
            proxies: What they are to be.
            tell: Called with a line for each phase.

        Raises:
            ConfigError: A phase cannot be played.
            AlreadyPlayedError: Another scenario is played.
            OSError: A file cannot be written.
        """
        from .player import Player
        check_files(self._json, self._svg)
        self._seed = fleet.seed
        self._player = Player(fleet, self.program(fleet, proxies), tell)

    def play(self, stop: 'Event') -> None:
        """Play all phases until ``stop`` is set, and put back what was there before."""
        self.ended = self._player.play(stop)
        self.unmet = self._player.unmet

    def close(self) -> None:
        """Count no more."""
        self._player.close()

    def report(self) -> 'Report':
        """Return what has happened."""
        from .report import document
        player = self._player
        notes = [f'{name} ended by its time, and not by its until' for name in player.missed]
        return document.make_report(player.recorder, player.name, self._seed, player.began, self.ended, player.trouble,
                                    [*self.notes, *notes])

    def finish(self, tell: Callable[[str], Any]) -> None:
        """Write the report, now that all sessions have ended.

        Args:
            tell: Called with each line of it.

        Raises:
            OSError: A file cannot be written.
        """
        self.close()
        publish(self.report(), tell, self._json, self._svg)


def check_files(*paths: str) -> None:
    """Find out now, and not in the end, whether files can be written; those of which the name is empty are none.

    Raises:
        OSError: One of them cannot.
    """
    for path in filter(None, paths):
        Path(path).open('a').close()


def publish(report: 'Report', tell: Callable[[str], Any], json: str = '', svg: str = '') -> None:
    """Write a report.

    Args:
        report: The report.
        tell: Called with each line of it.
        json: The file that it is written into; empty: none.
        svg: The file that the picture is written into; empty: none.

    Raises:
        OSError: A file cannot be written.
    """
    from .report import picture, text
    for line in (*report.notes, *text.write(report).splitlines()):
        tell(line)
    if json:
        Path(json).write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b'\n')
    if svg:
        Path(svg).write_text(picture.draw(report), 'utf-8')
