"""Workers without processes: those that a test plays, which refuse what it says, and whole ones in the event loop of the test."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import msgspec
from gevent.socket import SHUT_WR

from vaurien.following.wanted import Report, Wanted
from vaurien.net import sockets
from vaurien.workers.channel import Channel
from vaurien.workers.crew import Crew
from vaurien.workers.frames import Frame, Row
from vaurien.workers.mirror import Mirror
from vaurien.workers.worker import Worker

from .unit_of_time import PATIENCE

NO_PROCESS = 2 ** 30    #: no system has it


class Played:
    """Makes them in place of a nursery.

    Attributes:
        told: What each was told to be, by its number.
        asked: What else each was asked.
        refuses: By number: the name of a proxy that it refuses, or what says of a ``Wanted`` whether it does.
        paths: Of the unix sockets that each was given last.
        silent: Those that answer nothing.
    """

    def __init__(self) -> None:
        self.told: dict[int, list[Wanted]] = {1: [], 2: []}
        self.asked: dict[int, list[Frame]] = {1: [], 2: []}
        self.channels: dict[int, Channel] = {}
        self.refuses: dict[int, Any] = {}
        self.paths: dict[int, list[str]] = {}
        self.silent: set[int] = set()
        self.made = 0

    def fork(self, number: int) -> tuple[int, Any]:
        self.made += 1
        ours, theirs = sockets.pair()
        self.channels[number] = Channel(theirs, lambda frame: self.answer(number, frame),
                                        lambda: self.channels[number].close())
        return NO_PROCESS, ours

    def answer(self, number: int, frame: Frame) -> None:
        if number in self.silent:
            return
        if frame.kind == 'become':
            wanted = msgspec.convert(frame.data[0], Wanted)
            self.paths[number] = frame.data[1]
            self.told[number].append(wanted)
            refuses = self.refuses.get(number)
            refused = refuses(wanted) if callable(refuses) else refuses in [spec.name for spec in wanted.specs]
            report = Report(version=wanted.version, applied=not refused, error='no room' if refused else '')
            self.channels[number].post(Frame('answer', frame.id, (msgspec.to_builtins(report), '')))
        elif frame.id:
            self.asked[number].append(frame)
            self.channels[number].post(Frame('answer', frame.id, (0, '')))

    def row(self, number: int, *counts: int, sessions: int = 0, serial: int = 1, version: int = 1) -> None:
        """Let a worker tell what it has counted of the proxy ``one``."""
        row = Row('one', serial, version, sessions, [*counts, *[0] * (10 - len(counts))])
        self.channels[number].post(Frame('rows', 0, [row]))


class InLoop:
    """Makes whole ones, in the loop that it is used in.

    Args:
        again: As for ``Worker``.

    Attributes:
        running: What each of them runs in, by its number.
    """

    def __init__(self, again: 'Callable[[], object] | None' = None) -> None:
        self._again, self._theirs = again, dict[int, Any]()
        self.running: dict[int, Any] = {}

    def fork(self, number: int) -> tuple[int, Any]:
        ours, theirs = sockets.pair()
        self._theirs[number] = theirs
        self.running[number] = gevent.spawn(Worker(theirs, self._again).run)
        return NO_PROCESS, ours

    def kill(self, number: int) -> None:
        """Let one of them end without a word."""
        self._theirs[number].shutdown(SHUT_WR)


@contextmanager
def played_fleet(played: Played) -> Iterator[Mirror]:
    """Give a fleet with two of them."""
    crew = Crew(played, 2, 7)   # type: ignore[arg-type]
    fleet = Mirror(crew, 7)
    crew.start()
    yield fleet
    fleet.close()
    for channel in played.channels.values():
        channel.close()


def until(holds: Any) -> None:
    """Wait until something holds, in the event loop."""
    with gevent.Timeout(PATIENCE):
        while not holds():
            gevent.sleep(0)
