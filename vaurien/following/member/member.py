"""A member of a cluster: its lease, its watch on what is wanted, and what it says. Knows no order's meaning.

Four greenlets: one keeps the lease alive and asks whether a change was missed; one watches; one applies and heals, and never
waits for etcd; one reports. None of them is needed for bytes to be relayed.
"""
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any
from uuid import uuid4

import gevent
import msgspec
from gevent.event import Event

from ...clusters import model
from ...clusters.choice import Self
from ...clusters.etcd.client import Etcd, absent, put
from ...clusters.etcd.errors import CompactedError, EtcdError
from ...clusters.etcd.watch import Watch
from ...clusters.etcd.wire import Dial
from ...clusters.keys import Keys
from ...clusters.state import State
from ...clusters.where import Where
from ...errors import VaurienError, in_words
from ...registry import IMPORT_ERRORS
from ..follower import Follower
from ..wanted import Report, Wanted
from .dial import IN_LOOP
from .obeying import Obeying

PULSES = 3      #: in a TTL: so many times the lease is kept alive
TICKS = 20      #: in a TTL: so many times it is asked whether it is over
MAX_TICK = 0.25     #: [seconds]
COUNTS_INTERVAL = 10.0      #: [seconds] between two counts
RESUME_RETRY = 1.0      #: [seconds] before it is tried again to put in force what was refused
RETRY = 0.2     #: [seconds] before a watch is begun again
SAYING = 5.0    #: [seconds] that etcd may take to write what a member says: a slow disk is no reason to say it twice
LEAVING = 1.0   #: [seconds] that the end of the lease may take

logger = logging.getLogger(__name__)


class Membership:
    """Makes a process follow a cluster until it is closed.

    It begins healed: what is wanted is not known yet.

    Args:
        where: The cluster.
        me: How the member is chosen.
        follower: Makes the process what is wanted.
        base: What the process is by itself.
        ttl: Seconds without etcd after which it heals itself.
        about: What else is said of it: fields of ``model.Member``.
        count: Returns what it has counted; None: nothing does.
        dial: Makes connections.
        notice: Called with a line when it heals itself, when an order ends, and when it is back; None: nothing is.

    Raises:
        ConfigError: A file of TLS cannot be used.
    """

    def __init__(self, where: Where, me: Self, follower: Follower, base: Wanted, ttl: int, about: dict[str, Any],
                 count: Callable[[], model.Counts] | None = None, dial: Dial = IN_LOOP,
                 notice: Callable[[str], object] | None = None) -> None:
        self._keys, self._follower, self.ttl = Keys(where.name), follower, ttl
        self._etcd, self._watching = (Etcd(where, dial, ttl / (PULSES + 1)) for _ in range(2))
        self._saying = Etcd(where, dial, max(ttl / (PULSES + 1), SAYING))
        self._state, self._obeying = State(self._keys), Obeying(follower, base, me)
        self._self = model.Member(id=uuid4().hex, host=me.host, labels=me.labels, ttl=ttl, proxies=len(base.specs), **about)
        self._count, self._counted, self._counted_at = count, model.Counts(), 0.0
        self._notice = notice or (lambda text: None)
        self._lease, self._listed, self._told_taken = 0, False, False
        self._heard = monotonic()
        self._healed, self._why, self._out = True, '', False
        self._held = ''     # why faults that are wanted stay suspended
        self._until: dict[tuple[str, int], float] = {}
        self._over: set[str] = set()
        self._by: dict[str, str] = {}     # who has asked for the orders that were seen last
        self._news, self._unsaid = Event(), Event()
        self.applied: model.Applied | None = None
        follower.heal()
        self._obeying.suspend(True)
        self._watcher = gevent.spawn(self._run, self._watch)
        self._greenlets = [gevent.spawn(self._run, part) for part in (self._beat, self._settle, self._report)]

    def close(self) -> None:
        """Leave the cluster: nothing is followed any more, and it is not listed."""
        gevent.killall(self._greenlets)     # first, as one of them begins the watch anew
        self._watcher.kill()
        if self._lease:
            with gevent.Timeout(LEAVING, False):  # type: ignore[arg-type]  # False: end the block without raising
                try:
                    self._etcd.revoke(self._lease)
                except EtcdError as error:
                    logger.info('cluster: left without a word: %s', error)
        for etcd in (self._etcd, self._watching, self._saying):
            etcd.close()

    def become(self, wanted: Wanted) -> Report:
        """Be something else by itself, with the same orders; takes the place of that of ``Follower``.

        Raises:
            ConfigError, OSError, StoppingError: It is refused; nothing has changed.
        """
        return self._obeying.rebase(wanted)

    def _run(self, part: Callable[[], None]) -> None:
        """Do a part again and again; what goes wrong within it ends nothing else."""
        while True:
            try:
                part()
            except EtcdError as error:
                logger.debug('cluster: %s', error)
                gevent.sleep(RETRY)
            except IMPORT_ERRORS as error:
                logger.error('cluster: unexpected: %s', in_words(error), exc_info=True)
                gevent.sleep(1.0)

    # -- the lease

    def _beat(self) -> None:
        began, at = monotonic(), self._etcd.at
        try:
            missed = self._pulse()
        except EtcdError as error:
            if not self._out:
                logger.warning('cluster: %s; faults go on for %d s at most', error, self.ttl)
            self._out = True
            gevent.sleep(min(self.ttl / PULSES / 2, 1.0))
            return
        if self._out:
            logger.info('cluster: etcd answers again')
        if self._out or missed or self._etcd.at != at:
            self._watch_anew()
        self._heard, self._out = began, False
        if self._healed:
            self._news.set()
        gevent.sleep(max(0.0, self.ttl / PULSES - (monotonic() - began)))

    def _pulse(self) -> bool:
        """Keep the lease alive, and return whether the watch has missed a change."""
        if not self._lease or not self._etcd.keep_alive(self._lease):
            self._lease, _ = self._etcd.grant(self.ttl)
            self._listed = False
        if not self._listed:
            self._enlist()
        found = self._etcd.range(self._keys.wanted, newest=True)
        newest = max((kept.changed for kept in found.keys.values()), default=0)
        watched = self._state.revision > 0
        return (not watched or (found.total, newest) != self._state.newest) and self._read() and watched

    def _enlist(self) -> None:
        """Say that the member is there, unless another one of its name is."""
        key, value = self._keys.members + self._obeying.me.name, model.write(self._self)
        done, _ = self._etcd.txn([absent(key)], [put(key, value, self._lease)])
        if not done:
            there = self._etcd.range(key).keys.get(key)
            if there is not None and self._self.id.encode() not in there.value:
                if not self._told_taken:
                    logger.warning('cluster: another member has the name %s; this one follows, and is not listed before that one '
                                   'is gone; --member gives it another name', self._obeying.me.name)
                self._told_taken = True
                return
            self._etcd.put(key, value, self._lease)
        self._listed, self._counted = True, model.Counts()
        self._unsaid.set()
        logger.info('cluster: member %s of %s', self._obeying.me.name, self._etcd.where)

    def _report(self) -> None:
        """Write what was applied, and what was counted where that has changed."""
        self._unsaid.wait(COUNTS_INTERVAL)
        # what is wanted is about to be in force, or there is nothing to say yet: without a wait nothing else would have its turn
        if not self._listed or self._out or self.applied is None or (self._healed and not self._held):
            gevent.sleep(RETRY)
            return
        if self._unsaid.is_set():
            self._unsaid.clear()
            try:
                self._saying.put(self._keys.applied + self._obeying.me.name, model.write(self.applied), self._lease)
            except VaurienError:
                self._unsaid.set()
                raise
        if self._count is not None and monotonic() - self._counted_at >= COUNTS_INTERVAL:
            counted, self._counted_at = self._count(), monotonic()
            if counted != self._counted:
                self._saying.put(self._keys.counts + self._obeying.me.name, model.write(counted), self._lease)
                self._counted = counted

    # -- what is wanted

    def _read(self) -> bool:
        """Read all that is wanted, and return whether that is news."""
        before = self._state.revision
        found = self._etcd.range(self._keys.wanted)
        if found.revision < before:     # it has seen more already: this etcd was made anew
            self._state = State(self._keys)
        news = self._state.replace(found.revision, found.keys)
        if news:
            self._news.set()
        return news

    def _watch_anew(self) -> None:
        """Begin the watch anew where etcd has just answered: its connection may be dead, or its endpoint, without a word."""
        self._watching.at = self._etcd.at
        self._watcher.kill(block=False)
        self._watcher = gevent.spawn(self._run, self._watch)

    def _watch(self) -> None:
        if not self._state.revision:
            self._read()
        try:
            watch = Watch(self._watching, self._keys.wanted, self._state.revision + 1)
        except CompactedError:
            self._read()
            return
        try:
            for change in watch:
                if self._state.change(change.revision, change.keys):
                    self._news.set()
        except CompactedError:
            self._read()
        finally:
            watch.close()

    # -- applying

    def _settle(self) -> None:
        self._news.wait(min(self.ttl / TICKS, MAX_TICK))    # what it returns may be older than what has come meanwhile
        self._news.clear()
        out = monotonic() - self._heard > self.ttl
        if out and not self._healed:
            self._heal()
        over = self._find_over()
        seen = 0 if self.applied is None else self.applied.revision
        if self._state.revision != seen or over != self._over:
            self._apply(over)
        if self._healed and not out and self.applied is not None and not self._out:
            self._resume()

    def _resume(self) -> None:
        """Put in force what is wanted; where that is refused all of it stays suspended, and who has asked for it is told."""
        try:
            self._follower.resume()
        except (VaurienError, OSError) as error:
            self._refuse(in_words(error))
            gevent.sleep(RESUME_RETRY)
            return
        self._healed = False
        self._suspend(False)
        if self._held:
            self._held = ''
            self._apply(self._over)
        if self._why and self.applied is not None:
            logger.info('cluster: healed no more: %d orders are in force', len(self.applied.orders))
            self._notice(f'cluster: back: {len(self.applied.orders)} orders are in force')

    def _refuse(self, why: str) -> None:
        if self.applied is None or (why == self._held and not self.applied.orders):
            return
        self._held = why
        logger.warning('cluster: all faults stay suspended: %s', why)
        refused = {**self.applied.refused, **dict.fromkeys(self.applied.orders, why)}
        self.applied = msgspec.structs.replace(self.applied, orders={}, refused=refused)
        self._unsaid.set()

    def _apply(self, over: set[str]) -> None:
        before, self._over = self.applied, over
        applied = self._obeying.become(self._state, over)
        self.applied = msgspec.structs.replace(applied, healed=self._why)
        self._unsaid.set()
        for name, why in applied.refused.items():
            if before is None or before.refused.get(name) != why:
                logger.warning('cluster: %s is not applied: %s', name or 'what is wanted', why)
        for name in before.orders if before is not None else ():
            if name not in applied.orders:
                self._notice(f'cluster: healed: order {name} of {self._by.get(name, "?")} {self._end_of(name)}')
        self._by = {known.id: known.order.by for known in self._state.orders}
        if before is None or (before.orders, before.halted) != (applied.orders, applied.halted):
            logger.info('cluster: revision %d, %s%s', applied.revision, 'halted, ' if applied.halted else '',
                        f'orders {", ".join(applied.orders)}' if applied.orders else 'no order')

    def _find_over(self) -> set[str]:
        """Return the orders whose time is over by this member's own clock, which etcd may not have noticed yet."""
        now, there = monotonic(), {(known.id, known.changed): known.order for known in self._state.orders}
        for key, order in there.items():
            if not order.kept:
                self._until.setdefault(key, now + order.ttl)
        for key in self._until.keys() - there.keys():
            del self._until[key]
        return {key[0] for key, until in self._until.items() if now > until}

    def _end_of(self, name: str) -> str:
        """Say how an order has ended."""
        return 'is not applied any more' if any(known.id == name for known in self._state.orders) else 'has ended'

    def _suspend(self, on: bool) -> None:
        if error := self._obeying.suspend(on):
            logger.warning('cluster: a proxy is not what it should be: %s', error)

    def _heal(self) -> None:
        self._follower.heal()
        self._suspend(True)
        self._healed = True
        self._unsaid.set()
        self._why = f'etcd was out of reach for more than {self.ttl} s'
        logger.warning('cluster: %s: all faults are suspended, bytes are relayed on', self._why)
        self._notice(f'cluster: healed: {self._why}; all faults are suspended')
        if self.applied is not None:
            self.applied = msgspec.structs.replace(self.applied, healed=self._why)

    @property
    def healed(self) -> bool:
        """Whether all faults are suspended, as what is wanted is not known."""
        return self._healed

