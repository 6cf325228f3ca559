"""One playing of a scenario, from its check to its report: what ``vaurien scenario`` and ``vaurien run`` have in common."""
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..spec import ProxySpec
from .model import Scenario
from .program import Program

if TYPE_CHECKING:
    from gevent.event import Event

    from ..proxies.fleet import Fleet


class Playing:
    """Plays a scenario once, and writes its report.

    Args:
        scenario: The scenario.
        label: How the user knows its file.
        scale: What all times are multiplied with.
        json: The file that the report is written into; empty: none.
        svg: The file that the picture is written into; empty: none.

    Attributes:
        ended: Why it has ended: a word of ``player``; empty: it has not.
    """

    def __init__(self, scenario: Scenario, label: str, scale: float = 1.0, json: str = '', svg: str = '') -> None:
        self._scenario, self._label, self._scale, self._json, self._svg = scenario, label, scale, json, svg
        self._player: Any = None
        self._seed = 0
        self.ended = ''

    def program(self, fleet: 'Fleet', proxies: Iterable[ProxySpec]) -> Program:
        """Check all phases.

        Args:
            fleet: Knows what a proxy can be.
            proxies: What the proxies are before.

        Raises:
            ConfigError: A phase cannot be played.
        """
        return Program(self._scenario, {spec.name: spec for spec in proxies}, fleet.validate, self._label, self._scale)

    def prepare(self, fleet: 'Fleet', proxies: Iterable[ProxySpec], tell: Callable[[str], Any]) -> None:
        """Check all phases and files, and begin to count; nothing listens yet.

        Args:
            fleet: The proxies.
            proxies: What they are to be.
            tell: Called with a line for each phase.

        Raises:
            ConfigError: A phase cannot be played.
            OSError: A file cannot be written.
        """
        from .player import Player
        for path in filter(None, (self._json, self._svg)):
            Path(path).open('a').close()    # to find out now, and not in the end
        self._seed = fleet.seed
        self._player = Player(fleet, self.program(fleet, proxies), tell)

    def play(self, stop: 'Event') -> None:
        """Play all phases until ``stop`` is set, and put back what was there before."""
        self.ended = self._player.play(stop)

    def finish(self, tell: Callable[[str], Any]) -> None:
        """Write the report, now that all sessions have ended.

        Args:
            tell: Called with each line of it.

        Raises:
            OSError: A file cannot be written.
        """
        from .report import document, picture, text
        player = self._player
        player.close()
        report = document.make_report(player.recorder, player.name, self._seed, player.began, self.ended, player.trouble)
        for name in player.missed:
            tell(f'{name} ended by its time, and not by its until')
        for line in text.write(report).splitlines():
            tell(line)
        if self._json:
            Path(self._json).write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b'\n')
        if self._svg:
            Path(self._svg).write_text(picture.draw(report), 'utf-8')
