"""The workers of a process: asked together, told together what they should be, and replaced where one dies. Knows no proxy."""
import logging
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

import gevent
import msgspec
from gevent.event import AsyncResult
from gevent.lock import RLock

from ..errors import VaurienError
from ..following.wanted import Report, Wanted
from ..proxies.refusals import ElsewhereError, without_faults
from ..spec import ProxySpec
from .channel import Channel
from .frames import Frame
from .nursery import Nursery
from .worker import Hello

ANSWER_TIMEOUT = 10.0   #: [seconds] that a worker may take to answer; one that takes longer to become something is ended
END_TIMEOUT = 2.0       #: [seconds] that it may take to end
SHORT_LIFE = 1.0        #: [seconds]; after a shorter life the next one waits as long
GAP = 100_000           #: numbers that the one in its place leaves out: so many sessions none takes before it has told of them

logger = logging.getLogger(__name__)


class Member:
    """One worker.

    Args:
        number: Its number, from 1.
        pid: Its process.
        after: By proxies' names, numbers of sessions that were given before it was there.

    Attributes:
        asked: What it has not answered yet, by id.
        channel: How it is told something.
    """

    channel: Channel

    def __init__(self, number: int, pid: int, after: Mapping[str, int]) -> None:
        self.number, self.pid, self.after, self.began = number, pid, after, monotonic()
        self.asked: dict[int, Any] = {}
        self.ended = False


class Crew:
    """All workers.

    Args:
        nursery: Makes them.
        workers: How many.
        seed: What all randomness is made from.
        journal, times: As ``Hello`` has them.

    Attributes:
        told: Called with each frame that no worker was asked for, and its number.
        left: Called with the number of a worker that has died; returns how many sessions it had, and how many clients each of
            its proxies has accepted.
        places: Returns the descriptors that they listen with, by path.
        version: Of what they are.
        ports: Those that they listen at.
        replaced: How many have died so far.
        lost: Sessions that these had.
    """

    def __init__(self, nursery: Nursery, workers: int, seed: int, journal: bool = False, times: bool = False) -> None:
        self._nursery, self.workers, self._seed, self._records = nursery, workers, seed, (journal, times)
        self.told: Callable[[int, Frame], None] = lambda number, frame: None
        self.left: Callable[[int], tuple[int, Mapping[str, int]]] = lambda number: (0, {})
        self.places: Callable[[], Mapping[str, int]] = dict
        self.members: dict[int, Member] = {}
        self.version = self.replaced = self.lost = self._count = 0
        self.ports: frozenset[int | None] = frozenset()
        self._specs: tuple[ProxySpec, ...] = ()
        self._changing = RLock()
        self._reads = self.ending = False
        self._mark = ''

    def __len__(self) -> int:
        return self.workers

    def __iter__(self) -> Iterator[Member]:
        return iter(sorted(self.members.values(), key=lambda member: member.number))

    def start(self) -> None:
        """Make all workers.

        Raises:
            OSError: One cannot be made.
        """
        for number in range(1, self.workers + 1):
            self._hire(number, {})

    def _hire(self, number: int, after: Mapping[str, int]) -> Member:
        pid, sock = self._nursery.fork(number)
        member = Member(number, pid, after)
        member.channel = Channel(sock, partial(self._told, member), partial(self._ended, member))
        hello = Hello(number, self.workers, self._seed, dict(after), self._reads, self._mark, *self._records)
        member.channel.post(Frame('hello', 0, msgspec.to_builtins(hello)))
        self.members[number] = member
        logger.info('worker %d is process %d', number, pid)
        return member

    def _told(self, member: Member, frame: Frame) -> None:
        if frame.kind != 'answer':
            self.told(member.number, frame)
        elif frame.id in member.asked:
            member.asked.pop(frame.id).set(frame.data)

    # -- asking

    def _ask(self, member: Member, kind: str, *args: Any, descriptors: Iterable[int] = ()) -> Any:
        self._count += 1
        result: Any = AsyncResult()
        if member.ended:
            result.set(None)
        else:
            member.asked[self._count] = result
            member.channel.post(Frame(kind, self._count, args), descriptors)
        return result

    def ask(self, kind: str, *args: Any, timeout: float = ANSWER_TIMEOUT) -> list[Any]:
        """Ask all workers, and return what they answer; those that die meanwhile, or do not answer in time, have no part in it.

        Raises:
            VaurienError: One cannot do what it is asked for.
        """
        asked = [(member, self._ask(member, kind, *args)) for member in self.members.values()]
        gevent.wait([result for _, result in asked], timeout)
        answers = [(member.number, result.value) for member, result in asked if result.ready() and result.value is not None]
        for number, (_, error) in answers:
            if error:
                raise VaurienError(f'worker {number}: {error}')
        return [value for _, (value, _) in answers]

    def read(self) -> None:
        """Have all workers read the configuration again, for the plugins that it names.

        Raises:
            VaurienError: One cannot.
        """
        self._reads = True
        self.ask('read')

    def mark(self, test: str) -> None:
        """Have requests from now on belong to a test; empty: to none."""
        self._mark = test
        with suppress(VaurienError):    # no worker refuses that
            self.ask('mark', test)

    # -- what they should be

    def become(self, specs: Sequence[ProxySpec]) -> None:
        """Make all workers have these proxies, or none. Where only faults are to end, who refuses that is replaced.

        Raises:
            ElsewhereError: One refuses it, and all are what they were.
        """
        with self._changing:
            self.version += 1
            refusals = self._spread(tuple(specs))
            heals = tuple(specs) == tuple(map(without_faults, self._specs))
            if heals or not refusals:
                self._specs = tuple(specs)
                for number, error in refusals.items():
                    self._give_up(self.members[number], f'its faults do not end: {error}')
                return
            self.version += 1
            for number, error in self._spread(self._specs).items():
                logger.error('worker %d cannot become again what it was: %s', number, error)
            number, error = next(iter(refusals.items()))
            raise ElsewhereError(f'worker {number}', error)

    def _spread(self, specs: tuple[ProxySpec, ...]) -> dict[int, str]:
        """Tell all workers what to be, and return the refusals by their numbers."""
        asked = [(member, self._tell(member, specs)) for member in self.members.values()]
        gevent.wait([result for _, result in asked], ANSWER_TIMEOUT)
        for member, result in asked:
            if not result.ready():
                self._give_up(member, f'it has not answered for {ANSWER_TIMEOUT:g} s')
        return {member.number: error for member, result in asked if not member.ended and (error := refusal(result))}

    def _tell(self, member: Member, specs: tuple[ProxySpec, ...]) -> Any:
        wanted, places = msgspec.to_builtins(Wanted(version=self.version, specs=specs)), self.places()
        return self._ask(member, 'become', wanted, list(places), descriptors=places.values())

    # -- ending

    def _give_up(self, member: Member, why: str) -> None:
        """End a worker that cannot go on; another one takes its place."""
        logger.error('worker %d, process %d, is ended: %s', member.number, member.pid, why)
        with suppress(OSError):
            os.kill(member.pid, signal.SIGKILL)
        self._ended(member)

    def _ended(self, member: Member) -> None:
        """Replace a worker that has died."""
        member.ended = True
        member.channel.close()
        asked, member.asked = member.asked, {}
        for result in asked.values():
            result.set(None)
        if self.ending or self.members.get(member.number) is not member:
            return
        del self.members[member.number]
        sessions, accepted = self.left(member.number)
        self.replaced += 1
        self.lost += sessions
        logger.warning('worker %d, process %d, has died; its sessions are lost: %d', member.number, member.pid, sessions)
        gevent.spawn(self._replace, member, {name: member.after.get(name, member.number) + (count + GAP) * self.workers
                                             for name, count in accepted.items()})

    def _replace(self, dead: Member, after: Mapping[str, int]) -> None:
        if monotonic() - dead.began < SHORT_LIFE:
            gevent.sleep(SHORT_LIFE)
        with self._changing:
            if self.ending:
                return
            try:
                member = self._hire(dead.number, after)
            except OSError as error:
                logger.error('worker %d is not replaced: %s', dead.number, error)
                return
            result = self._tell(member, self._specs)
            gevent.wait([result], ANSWER_TIMEOUT)
            if not result.ready():
                self._give_up(member, f'it has not answered for {ANSWER_TIMEOUT:g} s')
            elif why := refusal(result):
                logger.error('worker %d, in the place of one that died, cannot be what it was: %s', dead.number, why)
            else:
                logger.info('worker %d is replaced by process %d', dead.number, member.pid)

    def drain(self, grace: float) -> int:
        """Let all workers accept nothing more and their sessions end, cut the rest after some seconds, and return how many."""
        self.ending = True
        with suppress(VaurienError):
            return sum(self.ask('drain', grace, timeout=grace + ANSWER_TIMEOUT))
        return 0

    def close(self) -> None:
        """End all workers, at once, and hear what they still have to tell."""
        self.ending = True
        members, self.members = list(self.members.values()), {}
        for member in members:
            member.channel.finish()
        until = monotonic() + END_TIMEOUT
        while (left := [member for member in members if not member.ended or lives(member.pid)]) and monotonic() < until:
            gevent.sleep(0.005)
        for member in left:
            member.channel.close()
            with suppress(OSError):
                os.kill(member.pid, signal.SIGKILL)


def refusal(result: Any) -> str:
    """Return why a worker that has answered has not become something; empty: it has, or has died, and another one will."""
    if result.value is None:
        return ''
    value, error = result.value
    return str(error) if error else msgspec.convert(value, Report).error


def lives(pid: int) -> bool:
    """Return whether a process is there."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
