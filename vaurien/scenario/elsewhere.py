"""Plays a scenario in a vaurien that runs already, over its control server. Knows the client, and no proxy and no event loop."""
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from ..client import Client, UnreachableError
from .report.document import Report

SIGNALLED = 128     #: the exit status after a signal is this and its number
LOST = '; it has not said how the scenario ended. Where it still runs it puts back what was there before'


class Elsewhere:
    """Plays a scenario there.

    Args:
        client: Where to.
        tell: Called with a line for each phase.

    Attributes:
        number: The signal that has asked for the end; 0: none.
    """

    def __init__(self, client: Client, tell: Callable[[str], Any]) -> None:
        self._client, self._tell = client, tell
        self.number = 0
        self._begun = False

    def play(self, scenario: Mapping[str, Any], **fields: Any) -> Report | None:
        """Play it to its end, or until a signal comes.

        Args:
            scenario: What stands in its file.
            fields: As ``Client.play`` has them.

        Returns:
            The report; None: it was to be checked only.

        Raises:
            UnreachableError: There is no vaurien, or it was lost in the midst.
            RefusedError: It cannot be played there.
            VaurienError: It has failed, or it is no vaurien.
        """
        report = None
        with self._signals():
            try:
                for event, data in self._client.play(scenario, **fields):
                    self._begun = True
                    if event == 'phase':
                        self._tell(str(data['text']))
                    elif event == 'report':
                        report = msgspec.convert(data, Report)
            except UnreachableError as error:
                raise self._lost(error.reason) if self._begun else error from None
        if report is None and not fields.get('check'):
            raise self._lost('it has ended')
        return report

    def _lost(self, reason: object) -> UnreachableError:
        return UnreachableError(self._client.channel.address, f'{reason}{LOST}')

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Have the first signal end the scenario, whose report still comes, and the second one this process."""
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: Any) -> None:
        if self.number or not self._begun:
            raise SystemExit(SIGNALLED + number)
        self.number = number
        self._client.end_scenario()
