"""Asks the members of a cluster for faults, which live as long as a lease, and halts all of them. Knows no command."""
import contextlib
import getpass
import socket
import threading
from collections.abc import Iterable
from time import monotonic
from typing import NamedTuple
from uuid import uuid4

from ..errors import VaurienError
from . import model
from .choice import clash
from .compose import mix_of
from .etcd.client import Etcd, absent, delete, none_newer, put, unchanged
from .etcd.errors import EtcdError
from .etcd.wire import PLAIN, Dial
from .keys import Keys
from .model import Members, Order
from .seen import Outcome, Seen, read_members, wait_for
from .state import Known, State
from .where import Where

DEFAULT_TTL = 10    #: [seconds] of the lease of an owner who stays
TRIES = 5       #: of a change that others get ahead of
EVERY = Members()   #: every member


class TakenError(VaurienError):
    """Somebody else has asked for something else already; nothing has changed."""


class Asked(NamedTuple):
    """An order that is wanted from now on.

    Args:
        id: Its id.
        revision: From which on it is wanted.
        replaced: The orders that it has taken the place of, and their values.
    """

    id: str
    revision: int
    replaced: tuple[Known, ...] = ()


def person() -> str:
    """Return who asks: the user and the machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):     # a user of a container may have no name
        user = '?'
    return f'{user}@{socket.gethostname()}'[:model.MAX_TEXT]


class Asking:
    """What a person or a program can ask of a cluster. Nothing of it lives longer than its lease, but halts and proxies.

    Args:
        where: The cluster.
        by: Who asks; empty: the user of this process.
        ttl: Seconds of the lease.
        kept: Whether it is kept alive until ``close``; without it everything ends after ``ttl`` seconds.
        timeout: Seconds for each call of etcd, and for each endpoint.
        dial: Makes connections.

    Raises:
        ConfigError: A file of TLS cannot be used.
    """

    def __init__(self, where: Where, by: str = '', ttl: int = DEFAULT_TTL, kept: bool = True, timeout: float = 5.0,
                 dial: Dial = PLAIN) -> None:
        self.by, self.ttl, self.kept = by or person(), ttl, kept
        self.etcd, self.keys, self._dial = Etcd(where, dial, timeout), Keys(where.name), dial
        self._mine: set[str] = set()    # the ids of own orders
        self._lease, self._lost = 0, ''
        self._ending = threading.Event()
        self._keeper: threading.Thread | None = None

    def close(self, revoke: bool = True) -> None:
        """End what was asked for; without ``revoke`` its lease ends it."""
        self._ending.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None
        try:
            if self._lease and revoke:
                self.etcd.revoke(self._lease)
        finally:
            self._lease = 0
            self.etcd.close()

    # -- the lease

    def lease(self) -> int:
        """Return the lease that everything is under; it begins with the first call.

        Raises:
            VaurienError: It is lost, with all that was asked for.
        """
        if self._lost:
            raise VaurienError(f'what was asked for has ended: {self._lost}')
        if not self._lease:
            self._lease, self.ttl = self.etcd.grant(self.ttl)
            if self.kept:
                self._keeper = threading.Thread(target=self._keep, name='vaurien cluster lease', daemon=True)
                self._keeper.start()
        return self._lease

    def _keep(self) -> None:
        # of its own, so that an endpoint that is silent leaves time to ask another one
        with contextlib.closing(Etcd(self.etcd.where, self._dial, min(self.etcd.timeout, self.ttl / 4))) as etcd:
            self._keep_by(etcd)

    def _keep_by(self, etcd: Etcd) -> None:
        heard = monotonic()
        while not self._ending.wait(self.ttl / 3):
            began = monotonic()
            try:
                if not etcd.keep_alive(self._lease):
                    self._lost = 'its lease is gone'
                    return
                heard = began
            except EtcdError as error:
                if monotonic() - heard > self.ttl:
                    self._lost = str(error)
                    return

    @property
    def lost(self) -> str:
        """Why the lease has ended against our will; empty: it has not."""
        return self._lost

    # -- what there is

    def state(self) -> State:
        """Return what is wanted now."""
        found, state = self.etcd.range(self.keys.wanted), State(self.keys)
        state.replace(found.revision, found.keys)
        return state

    def members(self) -> list[Seen]:
        """Return the members that there are, by name."""
        return read_members(self.etcd, self.keys)

    # -- asking

    def order(self, members: Members = EVERY, **fields: object) -> Order:
        """Make an order of the one who asks.

        Raises:
            ConfigError: A value does not fit.
        """
        self.lease()    # its seconds may be more than were asked for
        order = model.check_order(Order(by=self.by, ttl=self.ttl, kept=self.kept, members=members,
                                        **fields))  # type: ignore[arg-type]
        mix_of(order)
        return order

    def ask(self, order: Order, replace: bool = False) -> Asked:
        """Ask for something.

        Args:
            order: What is asked for.
            replace: End orders of others that it clashes with.

        Raises:
            TakenError: Somebody else wants something else there, or all is halted; nothing has changed.
        """
        name = uuid4().hex[:8]
        return self._write(name, order, replace)

    def change(self, name: str, order: Order) -> int:
        """Ask for something else in place of an own order, and return the revision.

        Raises:
            TakenError: As for ``ask``, or it was ended by somebody else; nothing has changed.
        """
        return self._write(name, order, False).revision

    def _write(self, name: str, order: Order, replace: bool) -> Asked:
        key, value, lease = self.keys.orders + name, model.write(order), self.lease()
        for _ in range(TRIES):
            state = self.state()
            if state.halted is not None:
                raise TakenError(f'{state.halted.by} has halted the cluster{reason(state.halted)}: '
                                 'nothing is injected before resume, and nothing has changed')
            there = next((known for known in state.orders if known.id == name), None)
            if there is None and name in self._mine:
                raise TakenError(f'order {name} was ended by somebody else')
            if there is None and len(state.orders) >= model.MAX_ORDERS:
                raise TakenError(f'the cluster has {len(state.orders)} orders already, which is as many as it may have')
            others = [known for known in state.orders if known.id != name and clash(order, known.order)]
            if others and not replace:
                raise TakenError(clashing(order, others[0]))
            done, revision = self.etcd.txn(
                [absent(self.keys.halt), none_newer(self.keys.orders, state.revision),
                 absent(key) if there is None else unchanged(key, there.changed)],
                [*(delete(self.keys.orders + known.id) for known in others), put(key, value, lease)])
            if done:
                self._mine.add(name)
                return Asked(name, revision, tuple(others))
        raise TakenError('others keep changing the cluster at the same time; nothing has changed, try again')

    def end(self, names: Iterable[str]) -> list[str]:
        """End orders, no matter who has asked for them, and return those that there were."""
        there = {known.id for known in self.state().orders} | self.state().bad.keys()
        found = [name for name in names if name in there]
        if found:
            self.etcd.txn([], [delete(self.keys.orders + name) for name in found])
        for name in found:
            self._mine.discard(name)
        return found

    def take_back(self, asked: Asked) -> None:
        """End an order, and put back those that it has taken the place of, as far as their leases live."""
        back = [known for known in asked.replaced if self.etcd.time_left(known.lease) > 0]
        self.etcd.txn([], [delete(self.keys.orders + asked.id), *(
            put(self.keys.orders + known.id, model.write(known.order), known.lease) for known in back)])
        self._mine.discard(asked.id)

    def outcome(self, name: str, revision: int, members: Members, timeout: float,
                stop: threading.Event | None = None) -> Outcome:
        """Wait until all members that are meant have said what became of a change; arguments as ``wait_for`` has them."""
        return wait_for(self.etcd, self.keys, name, revision, members, timeout, stop)

    # -- what stays

    def halt(self, why: str = '', at: float = 0.0) -> int:
        """Suspend all faults of all members until ``resume``, and return the revision."""
        return self.etcd.put(self.keys.halt, model.write(model.Halted(by=self.by, at=at, reason=why[:model.MAX_TEXT])))

    def resume(self) -> int:
        """Let faults be in force again, and return the revision.

        Raises:
            TakenError: Nothing was halted.
        """
        kept = self.etcd.range(self.keys.halt).keys.get(self.keys.halt)
        if kept is None:
            raise TakenError('the cluster is not halted')
        done, revision = self.etcd.txn([unchanged(self.keys.halt, kept.changed)], [delete(self.keys.halt)])
        if not done:
            raise TakenError('somebody else has resumed the cluster, or halted it again; nothing has changed')
        return revision

    def create(self, standing: model.Standing) -> int:
        """Let members have a proxy beside their own, and return the revision.

        Raises:
            TakenError: There is one of this name.
        """
        key = self.keys.proxies + model.check_name(standing.spec.name, 'proxy')
        done, revision = self.etcd.txn([absent(key)], [put(key, model.write(standing))])
        if not done:
            raise TakenError(f'the cluster has a proxy {standing.spec.name} already; nothing has changed')
        return revision

    def remove(self, name: str) -> int:
        """End a proxy that the cluster has, and its sessions, and return the revision.

        Raises:
            TakenError: There is none of this name.
        """
        key = self.keys.proxies + model.check_name(name, 'proxy')
        kept = self.etcd.range(key).keys.get(key)
        done, revision = (False, 0) if kept is None else self.etcd.txn([unchanged(key, kept.changed)], [delete(key)])
        if not done:
            raise TakenError(f'the cluster has no proxy {name}, or somebody else is changing it; nothing has changed')
        return revision


def reason(halted: model.Halted) -> str:
    """Return why all is halted, to be put after a sentence; empty: it does not say."""
    return f' ({halted.reason})' if halted.reason else ''


def clashing(order: Order, known: Known) -> str:
    """Say that somebody else wants something else."""
    return (f'{known.order.by} has asked for {clash(order, known.order)} of {known.order.proxy} already, in order {known.id}; '
            f'nothing has changed. That order ends by itself within {known.order.ttl} s'
            f'{" of its owner leaving" if known.order.kept else ""}, or it is ended or replaced')
