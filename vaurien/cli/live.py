"""What happens, as it happens: a line for each fault, for those who look at the terminal. Knows the journal and a stream."""
import os
import sys
import time
from typing import Any

from gevent import get_hub

from ..net.loop import release
from ..proxies.journal import Fault, Journal
from ..words.console import escaped

MAX_LINES = 30  #: written in a second; what is more is counted
WINDOW = 1.0    #: [seconds]
MAX_REQUEST_CHARACTERS = 100
#: the color of a line, by its behavior: numbers of ECMA-48, SGR
COLORS = {'delay': 33, 'error': 31, 'transient': 31}
OTHER_COLOR = 35


class Live:
    """Writes a line for each fault, ``17:02:11 default #4 error 502 GET /``, until it is closed.

    Nothing waits for it: the stream drops what is not read, and of more than ``MAX_LINES`` in a second the rest is counted.

    Args:
        journal: Where faults are written down.
        out: Where the lines go.
        colored: Whether they have colors.
    """

    def __init__(self, journal: Journal, out: Any, colored: bool = False) -> None:
        self._journal, self._out, self._colored = journal, out, colored
        self._written = self._left_out = 0
        self._timer: Any = None
        journal.follow(self.fault)

    def fault(self, fault: Fault) -> None:
        """Write a fault, or count it."""
        if self._timer is None:
            self._timer = get_hub().loop.timer(WINDOW)
            self._timer.start(self._over)
        if self._written < MAX_LINES:
            self._written += 1
            self._write(self._line(fault))
        else:
            self._left_out += 1

    def close(self) -> None:
        """Write no more."""
        self._journal.unfollow(self.fault)
        self._over()

    def _line(self, fault: Fault) -> str:
        line = described(fault)
        return f'\x1b[{COLORS.get(fault.behavior, OTHER_COLOR)}m{line}\x1b[0m' if self._colored else line

    def _over(self) -> None:
        """Begin another second, and say what the last one has left out."""
        self._timer = release(self._timer)
        left_out, self._written, self._left_out = self._left_out, 0, 0
        if left_out:
            self._write(f'... and {left_out} more faults')

    def _write(self, line: str) -> None:
        try:
            self._out.write(line + '\n')
            self._out.flush()
        except (OSError, ValueError):   # a full disk, or a reader who has left
            self._journal.unfollow(self.fault)


def described(fault: Fault) -> str:
    """Write a fault in a line: when, which proxy, session and request, what went wrong with it, and what it was."""
    clock = time.strftime('%H:%M:%S', time.localtime(fault.time))
    session = f'#{fault.session}' if fault.exchange <= 1 else f'#{fault.session}.{fault.exchange}'
    words = (clock, fault.proxy, session, fault.behavior, fault.kind, fault.request[:MAX_REQUEST_CHARACTERS])
    return escaped(' '.join(filter(None, words)))


def is_colored(stream: Any = None) -> bool:
    """Return whether a stream (None: standard output) is a terminal whose user has nothing against colors, https://no-color.org."""
    stream = stream or sys.stdout
    return stream is not None and stream.isatty() and not os.environ.get('NO_COLOR') and os.environ.get('TERM') != 'dumb'
