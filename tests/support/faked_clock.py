"""A clock of one process that can be stepped while it runs, by libfaketime: the time of day, not the time that only grows."""
import glob
import os
from pathlib import Path

from .daemon import ROOT
from .processes import MissingServer

#: where Debian and others put it
PLACES = ('/usr/lib/*/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1', '/usr/lib64/faketime/libfaketime.so.1',
          '/usr/local/lib/faketime/libfaketime.so.1')
#: libfaketime moves what ``timerfd_settime`` is told by as much as the time of day, also for a timer of the clock that only
#: grows, which no step of a real clock does; so the process has the timers of its event loop
WITHOUT_TIMERFD = '''
import vaurien.alarm
vaurien.alarm.calls = lambda: None
'''


def found() -> str:
    """Return the path of libfaketime.

    Raises:
        MissingServer: There is none.
    """
    for path in (path for place in PLACES for path in glob.glob(place)):
        return path
    raise MissingServer('there is no libfaketime on this machine')


class FakedClock:
    """The clock of the processes that are started with ``environment``.

    Args:
        where: A folder for what it is told by.

    Raises:
        MissingServer: There is no libfaketime.
    """

    def __init__(self, where: Path) -> None:
        self._library, self._where, self._file = found(), where, where / 'clock'
        (where / 'sitecustomize.py').write_text(WITHOUT_TIMERFD)
        self.step(0)

    @property
    def environment(self) -> dict[str, str]:
        """What such a process has in its environment."""
        return {'PYTHONPATH': os.pathsep.join((str(self._where), str(ROOT))), 'LD_PRELOAD': self._library,
                'FAKETIME_TIMESTAMP_FILE': str(self._file), 'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1',
                'DONT_FAKE_MONOTONIC': '1', 'NO_FAKE_STAT': '1'}

    def step(self, seconds: int) -> None:
        """Put it so many seconds off that of the machine; negative: behind it."""
        new = self._file.with_suffix('.new')
        new.write_text(f'{seconds:+d}\n')
        new.rename(self._file)  # it is read again at each look at the clock
