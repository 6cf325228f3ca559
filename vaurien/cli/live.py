"""What happens, as it happens: a line for each fault or request, for those who look at the terminal. Knows a stream, and who
tells of faults and of requests.
"""
import os
import sys
import time
from contextlib import ExitStack
from typing import Any

from gevent import get_hub

from ..net.loop import release
from ..proxies.exchanges import Exchanges
from ..proxies.fleet import Fleet
from ..proxies.journal import Fault, Journal
from ..relay.recording.records import CUT, NO_ANSWER, OK, Exchanged, Whole, made
from ..words.console import escaped

MAX_LINES = 30  #: written in a second; what is more is counted
WINDOW = 1.0    #: [seconds]
MAX_REQUEST_CHARACTERS = 100
#: the color of a line, by its behavior: numbers of ECMA-48, SGR
COLORS = {'delay': 33, 'error': 31, 'transient': 31}
OTHER_COLOR = 35
ERROR_COLOR = 33    #: of a request that the backend itself has refused
#: what stands in a line for answers that have no words of their own
ANSWERS = {CUT: 'cut off', NO_ANSWER: 'no answer'}


class Lines:
    """Writes lines until it is closed, so many in a second at most.

    Nothing waits for it: the stream drops what is not read, and of more than ``MAX_LINES`` in a second the rest is counted.

    Args:
        out: Where the lines go.
        colored: Whether they have colors.
    """

    WHAT = ''   #: what there is a line for

    def __init__(self, out: Any, colored: bool = False) -> None:
        self._out, self._colored = out, colored
        self._written = self._left_out = 0
        self._timer: Any = None

    def close(self) -> None:
        """Write no more."""
        self.unfollow()
        self._over()

    def unfollow(self) -> None:
        """Be told of nothing more."""
        raise NotImplementedError

    def _has_room(self) -> bool:
        """Return whether one more line may be written in this second; it counts as written, or else as left out."""
        if self._timer is None:
            self._timer = get_hub().loop.timer(WINDOW)
            self._timer.start(self._over)
        if self._written < MAX_LINES:
            self._written += 1
            return True
        self._left_out += 1
        return False

    def _color(self, line: str, color: int) -> str:
        return f'\x1b[{color}m{line}\x1b[0m' if self._colored and color else line

    def _over(self) -> None:
        """Begin another second, and say what the last one has left out."""
        self._timer = release(self._timer)
        left_out, self._written, self._left_out = self._left_out, 0, 0
        if left_out:
            self._write(f'... and {left_out} more {self.WHAT}')

    def _write(self, line: str) -> None:
        try:
            self._out.write(line + '\n')
            self._out.flush()
        except (OSError, ValueError):   # a full disk, or a reader who has left
            self.unfollow()


class Live(Lines):
    """Writes a line for each fault, ``17:02:11 default #4 error 502 GET /``.

    Args:
        journal: Where faults are written down.
        out, colored: As for ``Lines``.
    """

    WHAT = 'faults'

    def __init__(self, journal: Journal, out: Any, colored: bool = False) -> None:
        super().__init__(out, colored)
        self._journal = journal
        journal.follow(self.fault)

    def fault(self, fault: Fault) -> None:
        """Write a fault, or count it."""
        if self._has_room():
            self._write(self._color(described(fault), COLORS.get(fault.behavior, OTHER_COLOR)))

    def unfollow(self) -> None:
        self._journal.unfollow(self.fault)


class LiveRequests(Lines):
    """Writes a line for each request that nothing was injected into, ``17:02:11 default #4.2 GET /items ok 200 1.3 ms``.

    Args:
        exchanges: Who tells of them.
        out, colored: As for ``Lines``.
    """

    WHAT = 'requests'

    def __init__(self, exchanges: Exchanges, out: Any, colored: bool = False) -> None:
        super().__init__(out, colored)
        self._exchanges = exchanges
        exchanges.follow(self.request, None, self._later)

    def request(self, exchanged: Exchanged) -> None:
        """Write a request that has been answered, or count it."""
        if not exchanged.fault and self._has_room():
            self._write_request(exchanged)

    def _later(self, whole: Whole) -> None:
        if self._has_room():
            self._write_request(made(whole))

    def _write_request(self, exchanged: Exchanged) -> None:
        fine = exchanged.answer in (OK, NO_ANSWER)
        self._write(self._color(described_request(exchanged), 0 if fine else ERROR_COLOR))

    def unfollow(self) -> None:
        self._exchanges.unfollow(self.request)


def show(fleet: Fleet, what: str, out: Any, colored: bool, ending: ExitStack) -> None:
    """Write ``faults``, or ``requests`` and faults, as they happen.

    Args:
        fleet: Whose; sessions that were open before have no lines for their requests.
        what: ``faults`` or ``requests``.
        out, colored: As for ``Lines``.
        ending: What ends it is added to it.
    """
    ending.callback(Live(fleet.journal, out, colored).close)
    if what == 'requests':
        ending.callback(LiveRequests(fleet.exchanges, out, colored).close)


def described_request(exchanged: Exchanged) -> str:
    """Write a request in a line: when it began, which proxy, session and request, its name, its answer, and how long it took."""
    clock = time.strftime('%H:%M:%S', time.localtime(exchanged.time))
    code = exchanged.code if exchanged.code != exchanged.answer else ''
    words = (clock, exchanged.proxy, place(exchanged.session, exchanged.number), exchanged.name[:MAX_REQUEST_CHARACTERS],
             ANSWERS.get(exchanged.answer, exchanged.answer), code, f'{exchanged.seconds * 1000:.1f} ms')
    return escaped(' '.join(filter(None, words)))


def place(session: int, exchange: int) -> str:
    """Write the numbers of a session and, from the second on, of its exchange."""
    return f'#{session}' if exchange <= 1 else f'#{session}.{exchange}'


def described(fault: Fault) -> str:
    """Write a fault in a line: when, which proxy, session and request, what went wrong with it, and what it was."""
    clock = time.strftime('%H:%M:%S', time.localtime(fault.time))
    words = (clock, fault.proxy, place(fault.session, fault.exchange), fault.behavior, fault.kind,
             fault.request[:MAX_REQUEST_CHARACTERS])
    return escaped(' '.join(filter(None, words)))


def is_colored(stream: Any = None) -> bool:
    """Return whether a stream (None: standard output) is a terminal whose user has nothing against colors, https://no-color.org."""
    stream = stream or sys.stdout
    return stream is not None and stream.isatty() and not os.environ.get('NO_COLOR') and os.environ.get('TERM') != 'dumb'
