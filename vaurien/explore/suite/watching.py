"""What happens in one run: which test is on, what it asks, and when its time is over. Knows proxies, and no process."""
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from gevent import sleep

from ...relay.recording.records import Closed, Exchanged, Opened
from ..model.records import FAILED, PASSED, SKIPPED, UNFINISHED, Run, Tested
from ..model.state import change
from .channel import Message

if TYPE_CHECKING:
    from ...proxies.fleet import Fleet
    from .limits import Limits


SETTLE, STEP = 0.1, 0.005   #: [seconds] that connections may take to be gone which a test has closed; between two looks
MAX_TEXT = 2000     #: [characters] of what a test has written
SIGNALLED, MAX_SIGNAL = 128, 64     #: an exit status is this and the number of the signal that has ended the command
UNKNOWN = -1    #: stands for the number of a signal where nothing tells of it


class Now:
    """A test that is on.

    Args:
        name: Its name.
        where: What names it on a command line.
        file, line: Where it is written.
    """

    def __init__(self, name: str, where: str = '', file: str = '', line: int = 0) -> None:
        self.name, self.where, self.file, self.line, self.began = name, where, file, line, time.monotonic()
        self.hung = self.late = False
        self.before: str | None = None      # the state of the backends before it and after it; None: that is not known
        self.after: str | None = None


class Watching:
    """Watches one run of the suite.

    Args:
        fleet: The proxies.
        snapshot: Returns what tells of the state of the backends; None: nothing does.
    """

    def __init__(self, fleet: 'Fleet', snapshot: Callable[[], str] | None = None) -> None:
        self.fleet, self._snapshot = fleet, snapshot
        self.now: Now | None = None
        self._began = self._idle = time.monotonic()
        self._tests: dict[str, Tested] = {}
        self._exchanges: list[Exchanged] = []
        self._open: dict[tuple[str, int], str] = {}
        self._lasting: set[tuple[str, int]] = set()

    def start(self) -> None:
        """Begin."""
        self.fleet.exchanges.follow(self._exchanged, self._happened)
        self.fleet.exchanges.begin_mark('')

    def stop(self) -> None:
        """End; what is still open is reset, so that all is in the records."""
        for proxy in self.fleet.proxies.values():
            proxy.abort()
        self.fleet.exchanges.unfollow(self._exchanged, self._happened)

    def _exchanged(self, exchanged: Exchanged) -> None:
        self._exchanges.append(exchanged)

    def _happened(self, event: Any) -> None:
        if isinstance(event, Opened):
            self._open[event.proxy, event.session] = event.test
        elif isinstance(event, Closed):
            self._open.pop((event.proxy, event.session), None)

    # -- what the tests tell

    def told(self, message: Message) -> Message:
        """Take in what the tests tell.

        Raises:
            KeyError, TypeError, ValueError: It makes no sense.
        """
        calls: dict[str, Callable[[Message], Message | None]] = {
            'begin': self._told_begin, 'ending': self._told_ending, 'end': self._told_end, 'mark': self._told_mark,
            'tidy': self._told_tidy, 'hello': lambda message: None,
        }
        if message.get('do') not in calls:
            raise ValueError(f'do is none of {", ".join(calls)}')
        return calls[message['do']](message) or {}

    def _told_begin(self, message: Message) -> None:
        self.begin(str(message['test']), str(message.get('where', '')), str(message.get('file', '')), int(message.get('line', 0)))

    def _told_mark(self, message: Message) -> None:
        self.fleet.exchanges.begin_mark(str(message['test']))

    def _told_tidy(self, message: Message) -> None:
        """Note that all that a test asks from here on is tidying up."""
        self.fleet.exchanges.begin_mark('')
        self._look_after()

    def _look_after(self) -> None:
        """Note what the backends have after the test, before that is tidied up."""
        now = self.now
        if self._snapshot is not None and now is not None and now.after is None:
            now.after = self._snapshot()

    def _told_ending(self, message: Message) -> Message:
        """Say whether the test has connections that it may have left to be collected."""
        return {'open': bool(self._open.keys() - self._lasting)}

    def _told_end(self, message: Message) -> None:
        outcome = str(message['outcome'])
        if outcome not in (PASSED, FAILED, SKIPPED):
            raise ValueError(f'{outcome} is none of {PASSED}, {FAILED}, {SKIPPED}')
        self._end(outcome, tuple(tuple(map(str, types)) for types in message.get('errors', ())), str(message.get('text', '')))

    def begin(self, name: str, where: str = '', file: str = '', line: int = 0) -> None:
        """Note that a test begins.

        Args:
            name: Its name.
            where: What names it on a command line; empty: its name does.
            file, line: Where it is written; empty, 0: that is not known.
        """
        before = self._snapshot() if self._snapshot is not None else None
        self.now = Now(name, where, file, line)
        self.now.before = before
        self.fleet.exchanges.begin_mark(name)

    def _end(self, outcome: str, errors: tuple[tuple[str, ...], ...] = (), text: str = '', signalled: int = 0,
             died: int | None = None) -> None:
        self._look_after()
        now, self.now = self.now, None
        self._idle = time.monotonic()
        if now is None:
            return
        self._settle()
        left = left_open(self._open, self._lasting)
        self._lasting = set(self._open)
        self.fleet.exchanges.begin_mark('')
        self._tests[now.name] = Tested(now.name, outcome, time.monotonic() - now.began, errors, text, (), now.hung, left,
                                        signalled, now.where, now.file, now.line, died,
                                        None if now.before is None or now.after is None else change(now.before, now.after))

    def ended(self, status: int | None, output: str, died: int | None = None) -> None:
        """Note that a test which is a command has ended.

        Args:
            status: Its exit status; None: it had to be ended.
            output: What it has written.
            died: The exit status of the program that it asks; None: that still runs, or there is none.
        """
        outcome = UNFINISHED if status is None else FAILED if status else PASSED
        signalled = signal_of(died) if died is not None else signal_of(status)
        self._end(outcome, text=output[-MAX_TEXT:], signalled=signalled, died=died)

    def vanished(self) -> None:
        """Note that what runs the tests has ended; nothing tells of its status."""
        if self.now is not None:
            self._end(UNFINISHED, signalled=0 if self.now.late else UNKNOWN)

    def _settle(self) -> None:
        """Let connections go that the test has closed: that it has comes on another way than that it is over."""
        until = time.monotonic() + SETTLE
        while self._open.keys() - self._lasting and time.monotonic() < until:
            sleep(STEP)

    # -- limits

    def look(self, limits: 'Limits', grace: float) -> bool:
        """End the wait of a client whose time is over, and return whether the run has to be ended.

        Args:
            limits: How long tests may take.
            grace: Seconds that one may take from there on.
        """
        now = self.now
        if now is None:
            return time.monotonic() - self._idle > limits.whole
        late = time.monotonic() - now.began - limits.tests.get(now.name, limits.otherwise)
        if late >= 0 and not now.late:
            now.late = True
            now.hung = self._silent() > 0
        return late >= grace

    def _silent(self) -> int:
        """Reset the connections that a client waits on in vain, and return how many there were."""
        count = 0
        for proxy in self.fleet.proxies.values():
            count += proxy.arrivals.end_silent()
            for session in list(proxy.sessions.values()):
                if session.silent or session.client.silent:
                    session.abort()
                    count += 1
        return count

    # -- the end

    def result(self, status: int | None, output: str) -> Run:
        """Return what the run has shown.

        Args:
            status: The command's exit status; None: it was ended.
            output: What it has written.
        """
        if self.now is not None:
            self._end(UNFINISHED, signalled=signal_of(status))
        of: dict[str, list[Exchanged]] = {name: [] for name in self._tests}
        outside: list[Exchanged] = []
        for exchange in sorted(self._exchanges, key=lambda exchange: exchange.time):
            of.get(exchange.test, outside).append(exchange)
        tests: Mapping[str, Tested] = {name: tested._replace(exchanges=tuple(of[name])) for name, tested in self._tests.items()}
        return Run(status, time.monotonic() - self._began, tests, tuple(outside), output)


def left_open(there: Collection[tuple[str, int]], before: Collection[tuple[str, int]]) -> int:
    """Return how many connections a test has left open, but for those that stand for others that it had from before and has lost.

    Args:
        there: Those that are open at its end: the proxy, and the number of the session.
        before: Those that were open at its beginning.
    """
    more = Counter(proxy for proxy, _ in set(there) - set(before))
    more.subtract(proxy for proxy, _ in set(before) - set(there))
    return sum((+more).values())


def signal_of(status: int | None) -> int:
    """Return the number of the signal that an exit status tells of; 0: of none."""
    return status - SIGNALLED if status is not None and SIGNALLED < status <= SIGNALLED + MAX_SIGNAL else 0
