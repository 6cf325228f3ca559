"""Plays a scenario on a cluster, as a command that signals end. Knows the one who asks, and no etcd."""
import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...clusters.asking import Asking
from ...clusters.playing.player import Options, Playing
from ...clusters.playing.stages import make_stages
from ...errors import VaurienError
from ...words.phases.reading import read_file
from ..results import Stream
from ..text import Column, table
from . import arguments as a

SIGNALLED = 128     #: the exit status after a signal is this and its number
PHASES = (Column('PHASE', 'name'), Column('SECONDS', lambda row: f'{row["seconds"]:.3g}', True), Column('ENDED', 'ended'),
          Column('MEMBERS', lambda row: ', '.join(row['members']) or '-'))


def scenario(asking: Asking, args: argparse.Namespace) -> Stream:
    """Play a scenario; its file is read before anything is asked for.

    Raises:
        ConfigError: It cannot be played over a cluster.
        VaurienError: It cannot be read.
    """
    try:
        found = read_file(args.file)
    except OSError as error:
        raise VaurienError(f'{args.file} cannot be read: {error.strerror}') from None
    stages = make_stages(found, args.file, args.scale)
    options = Options(a.read_members(args), args.replace, args.partly, args.note, args.timeout)
    return Stream(until_signal(asking, stages, options), shown)


def until_signal(asking: Asking, stages: Any, options: Options) -> Iterator[dict[str, Any]]:
    """Give what happens until it has ended.

    Raises:
        SystemExit: A signal has ended it.
    """
    with ended_by_signals() as (stop, numbers):
        yield from Playing(asking, stages, options, stop).play()
        if numbers:
            raise SystemExit(SIGNALLED + numbers[0])


@contextmanager
def ended_by_signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """Have the first signal set an event, and the second one end this process; give the event, and the signals that came."""
    stop, numbers = threading.Event(), list[int]()

    def end(number: int, frame: Any) -> None:
        numbers.append(number)
        if stop.is_set():
            raise SystemExit(SIGNALLED + number)
        stop.set()
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def shown(piece: dict[str, Any], width: int) -> str:
    """Write what happens, and in the end a table of what was played."""
    if piece['event'] != 'end':
        return str(piece['text'])
    return f'{table(PHASES, piece["phases"], width)}\n{piece["text"]}'
