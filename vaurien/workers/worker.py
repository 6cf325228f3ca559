"""A worker: a whole data plane that becomes what its parent wants, answers its questions, and tells what it counts.

It ends when its parent is gone, or says so. Knows the parent by its frames alone.
"""
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from time import monotonic
from typing import Any

import gevent
import msgspec
from gevent import Timeout
from gevent.event import Event

from ..errors import VaurienError, in_words
from ..following.follower import Follower
from ..following.wanted import Wanted
from ..net import sockets
from ..net.loop import PLUGIN_ERRORS
from ..net.sockets import RawSocket
from ..outputs.times import Times
from ..proxies.arrivals.numbers import Share
from ..proxies.fleet import Fleet
from ..proxies.journal import Fault
from ..relay.session import Session
from .channel import Channel
from .counts import Rows
from .frames import Frame, SessionRow
from .recording.handed import HandedJournal

TELL_INTERVAL = 0.1     #: [seconds] between two looks at what was counted, at least
TELL_SHARE = 20         #: times as long as a look takes is the time until the next one
FAULT_INTERVAL = 0.05   #: [seconds] that a fault waits for others
MAX_FAULTS = 10_000     #: that wait; more than that a journal does not remember
TOXICS_TIMEOUT = 5.0    #: [seconds] that toxics may take to hand over what they hold
FLUSH_TIMEOUT = 1.0     #: [seconds] that the last words may take

logger = logging.getLogger(__name__)


class Hello(msgspec.Struct):
    """The first frame: which worker this is.

    Args:
        worker, workers, after: As for ``Share``.
        seed: What all randomness is made from.
        reads: The configuration was read again since the start, and plugins may have come.
        mark: The test that runs; empty: none.
        journal: Whether it hands over what a journal has.
        times: Whether it counts how long requests take.
    """

    worker: int
    workers: int
    seed: int
    after: dict[str, int] = {}
    reads: bool = False
    mark: str = ''
    journal: bool = False
    times: bool = False


class Worker:
    """What runs in the process.

    Args:
        sock: The parent is at its other side.
        again: Reads the configuration once more, for the plugins that it names; None: there is no file.
    """

    def __init__(self, sock: RawSocket, again: Callable[[], object] | None) -> None:
        self._again = again
        self._fleet: Fleet | None = None
        self._ended = Event()
        self._faults: list[Fault] = []
        self._lost = 0
        self._telling: list[Any] = []
        self._journal: HandedJournal | None = None
        self._calls: Mapping[str, Callable[..., Any]] = {
            'become': self._become, 'count': self._tell_rows, 'sessions': self._sessions, 'session': self._session,
            'kill': self._kill, 'abort': self._abort, 'drop': self._drop, 'redraw': self._redraw, 'read': self._read,
            'mark': self._mark, 'drain': self._drain}
        self._channel = Channel(sock, self._told, self._ended.set)

    def run(self) -> None:
        """Relay until the parent is gone."""
        self._ended.wait()
        gevent.killall(self._telling)
        if self._fleet is not None:
            self._fleet.close()
            self._tell_all()
        self._channel.close()

    # -- what is asked

    def _told(self, frame: Frame) -> None:
        if frame.kind == 'hello':
            self._begin(msgspec.convert(frame.data, Hello))
        else:
            gevent.spawn(self._answer, frame)

    def _begin(self, hello: Hello) -> None:
        self._fleet = fleet = Fleet(hello.seed, share=Share(hello.worker, hello.workers, hello.after))
        self._follower, self._rows = Follower(fleet), Rows(fleet.proxies)
        if hello.reads and self._again is not None:
            try:
                self._again()
            except PLUGIN_ERRORS as error:
                logger.warning('not read again: %s', in_words(error))
        fleet.journal.follow(self._fault)
        fleet.exchanges.mark = hello.mark
        if hello.journal:
            self._journal = HandedJournal(fleet.exchanges, self._channel)
        if hello.times:
            fleet.times = Times(fleet)
        self._telling += [gevent.spawn(self._keep_telling), gevent.spawn(self._keep_telling_faults)]

    @property
    def fleet(self) -> Fleet:
        """The proxies."""
        assert self._fleet is not None, 'the first frame says which worker this is'
        return self._fleet

    def _answer(self, frame: Frame) -> None:
        try:
            answer: tuple[Any, str] = self._calls[frame.kind](*(frame.data or ())), ''
        except PLUGIN_ERRORS as error:  # what is asked for may be a plugin's; the parent says what has gone wrong
            answer = None, in_words(error)
        self._channel.post(Frame('answer', frame.id, answer))

    def _become(self, data: Any, paths: Sequence[str]) -> Any:
        wanted, received = msgspec.convert(data, Wanted), self._channel.received
        if len(received) < len(paths):
            raise VaurienError(f'{len(paths)} descriptors of unix sockets were sent, and {len(received)} have come')
        given = [sockets.share(received.popleft(), path) for path in paths]
        if self._journal is not None:
            self._journal.begin(int(wanted.version))
        report = self._follower.apply(wanted)
        sockets.take_back(given)
        with Timeout(TOXICS_TIMEOUT, False):  # type: ignore[arg-type]  # False: end the block without raising
            for name in report.changed:
                self.fleet.proxies[name].toxics.wait()
        return msgspec.to_builtins(report)

    def _sessions(self, proxy: str, after: int, limit: int) -> list[SessionRow]:
        found = self.fleet.proxies.get(proxy)
        return [] if found is None else [session_row(session) for session in found.sessions_after(after, limit)]

    def _session(self, proxy: str, number: int) -> SessionRow | None:
        found = self._find(proxy, number)
        return None if found is None else session_row(found)

    def _find(self, proxy: str, number: int) -> Session | None:
        found = self.fleet.proxies.get(proxy)
        return None if found is None else found.sessions.get(number)

    def _kill(self, proxy: str, number: int) -> None:
        found = self._find(proxy, number)
        if found is not None:
            found.abort()

    def _abort(self, proxy: str) -> int:
        return self.fleet.proxies[proxy].abort() if proxy in self.fleet.proxies else 0

    def _drop(self, proxy: str) -> None:
        found = self.fleet.proxies.get(proxy)
        if found is not None:
            found.stop_listening()
            found.drop()

    def _redraw(self, proxy: str, toxic: str) -> None:
        found = self.fleet.proxies.get(proxy)
        if found is not None and toxic in found.toxics.attached:
            found.redraw(toxic)

    def _read(self) -> None:
        if self._again is not None:
            self._again()

    def _mark(self, test: str) -> None:
        if self._journal is not None:
            self._journal.flush()
        self.fleet.exchanges.mark = test

    def _drain(self, grace: float) -> int:
        waits = gevent.spawn(self._tell_while_draining)
        self.fleet.stopping = True
        for proxy in self.fleet.proxies.values():
            proxy.stop_listening()
        with Timeout(grace, False):  # type: ignore[arg-type]
            for proxy in list(self.fleet.proxies.values()):
                proxy.wait_empty(None)
        cut = sum(proxy.abort() for proxy in self.fleet.proxies.values())
        waits.kill()
        self._tell_all()
        return cut

    def _tell_all(self) -> None:
        self._tell_rows()
        self._tell_faults()
        if self._journal is not None:
            self._journal.flush()
        self._channel.flush(FLUSH_TIMEOUT)

    def _tell_while_draining(self) -> None:
        while True:
            gevent.sleep(TELL_INTERVAL)
            self._tell_rows()

    # -- what is told

    def _keep_telling(self) -> None:
        while True:
            began = monotonic()
            self._tell_rows()
            gevent.sleep(max(TELL_INTERVAL, TELL_SHARE * (monotonic() - began)))

    def _tell_rows(self) -> None:
        wanted = self._follower.wanted
        version = int(wanted.version) if wanted is not None else 0
        rows = list(self._rows.changed(version))
        if rows:
            self._channel.post(Frame('rows', 0, rows))
        times = self.fleet.times.take() if self.fleet.times is not None else ()
        if times:
            self._channel.post(Frame('times', version, times))

    def _fault(self, fault: Fault) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(fault)
        else:
            self._lost += 1

    def _keep_telling_faults(self) -> None:
        while True:
            gevent.sleep(FAULT_INTERVAL)
            self._tell_faults()

    def _tell_faults(self) -> None:
        if self._faults:
            faults, self._faults, lost, self._lost = self._faults, [], self._lost, 0
            self._channel.post(Frame('faults', 0, (faults, lost)))


def session_row(session: Session) -> SessionRow:
    """Show a session."""
    exchange = session.under_way()
    behavior = getattr(exchange, 'behavior', None)
    return SessionRow(session.number, session.peer, session.backend_name, monotonic() - session.started, session.transferred,
                      session.exchanges, behavior.name if behavior is not None else '',
                      exchange.name if exchange is not None else '')


def work(again: Callable[[], object] | None, prepare: Callable[[int, ExitStack], None], number: int, sock: RawSocket) -> None:
    """Be a worker, to the end.

    Args:
        again: As for ``Worker``.
        prepare: Opens the log of a worker.
        number: Its number.
        sock: The parent is at its other side.
    """
    with ExitStack() as ending:
        prepare(number, ending)
        Worker(sock, again).run()
