"""An etcd in memory, for tests of those who ask it: keys, leases and transactions as its clients call them. Opens no socket."""
import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from vaurien.clusters import asking
from vaurien.clusters.compose import about, missing
from vaurien.clusters.etcd.client import Found, Kept
from vaurien.clusters.keys import Keys
from vaurien.clusters.model import Applied, Member, write
from vaurien.clusters.seen import Seen, is_meant
from vaurien.clusters.state import State
from vaurien.spec import ProxySpec


def text(encoded: str) -> str:
    return b64decode(encoded).decode()


class MemoryEtcd:
    """Keys of a cluster, and what changes them.

    Attributes:
        failing: Raised by the next calls, one each.
        ttl: Seconds that leases are given; None: those that are asked for.
        told: Called after each change of a key, with the key.
    """

    def __init__(self, ttl: float | None = None) -> None:
        self.keys: dict[str, Kept] = {}
        self.revision, self.ttl = 1, ttl
        self.leases: set[int] = set()
        self.granted = 6
        self.where, self.timeout, self.at = 'etcd://memory/x', 5.0, 0
        self.failing: list[BaseException] = []
        self.told: list[Callable[[str], None]] = []
        self.closed = False
        self._lock = threading.RLock()

    def _check(self) -> None:
        if self.failing:
            raise self.failing.pop(0)

    def close(self) -> None:
        self.closed = True

    def range(self, prefix: str, newest: bool = False) -> Found:
        self._check()
        with self._lock:
            found = {key: kept for key, kept in self.keys.items() if key.startswith(prefix)}
            return Found(self.revision, found, len(found))

    def put(self, key: str, value: bytes, lease: int = 0) -> int:
        self._check()
        with self._lock:
            self.revision += 1
            before = self.keys.get(key)
            revision = self.revision
            self.keys[key] = Kept(value, revision if before is None else before.created, revision, lease)
        self._tell([key])
        return revision

    def _tell(self, keys: Iterable[str]) -> None:
        for key in keys:
            for told in self.told:
                told(key)

    def txn(self, compare: Iterable[Any], then: Iterable[Any]) -> tuple[bool, int]:
        self._check()
        with self._lock:
            if not all(map(self._holds, compare)):
                return False, self.revision
            self.revision += 1
            changed, revision = [self._do(operation) for operation in then], self.revision
        self._tell(changed)
        return True, revision

    def _do(self, operation: Any) -> str:
        if 'request_put' in operation:
            wanted = operation['request_put']
            key = text(wanted['key'])
            before = self.keys.get(key)
            self.keys[key] = Kept(b64decode(wanted['value']), self.revision if before is None else before.created, self.revision,
                                  int(wanted['lease']))
        else:
            key = text(operation['request_delete_range']['key'])
            self.keys.pop(key, None)
        return key

    def _holds(self, condition: Any) -> bool:
        key = text(condition['key'])
        if 'range_end' in condition:
            return all(kept.changed < int(condition['mod_revision']) for name, kept in self.keys.items() if name.startswith(key))
        kept = self.keys.get(key)
        if condition['target'] == 'CREATE':
            return kept is None
        return kept is not None and kept.changed == int(condition['mod_revision'])

    # -- leases

    def grant(self, seconds: int) -> tuple[int, Any]:
        self._check()
        self.granted += 1
        self.leases.add(self.granted)
        return self.granted, seconds if self.ttl is None else self.ttl

    def keep_alive(self, lease: int) -> bool:
        self._check()
        return lease in self.leases

    def time_left(self, lease: int) -> int:
        self._check()
        return 1 if lease in self.leases else -1

    def revoke(self, lease: int) -> None:
        self._check()
        self.leases.discard(lease)
        with self._lock:
            gone = [key for key, kept in self.keys.items() if kept.lease == lease]
            self.revision += 1
            for key in gone:
                del self.keys[key]
        self._tell(gone)


class Obedient:
    """A member that says at once that it has applied what is wanted.

    Args:
        etcd: Where it says so.
        cluster: The cluster's name.
        name: Its own.
        proxies: The names of its proxies.
        labels: Its labels.

    Attributes:
        refuses: Why it refuses what is about a proxy or a phase, by a text that stands in the order.
        silent: It says nothing any more.
    """

    def __init__(self, etcd: MemoryEtcd, cluster: str, name: str, proxies: Iterable[str] = ('api',), **labels: str) -> None:
        self.etcd, self._keys, self.name = etcd, Keys(cluster), name
        self._specs = [ProxySpec(name=proxy) for proxy in proxies]
        self.member = Member(id=name, host='h', labels=labels, proxies=len(self._specs))
        self.refuses: dict[str, str] = {}
        self.silent = False
        etcd.put(self._keys.members + name, write(self.member))
        etcd.told.append(self.look)
        self.look(self._keys.wanted)

    def state(self) -> State:
        """Return what is wanted."""
        found, state = self.etcd.range(self._keys.wanted), State(self._keys)
        state.replace(found.revision, found.keys)
        return state

    def look(self, key: str) -> None:
        """Make of what is wanted what there is to say of it."""
        if self.silent or not key.startswith(self._keys.wanted):
            return
        failing, self.etcd.failing = self.etcd.failing, []    # those are for who asks
        state = self.state()
        orders, refused, lacking = {}, dict(state.bad), {}
        for known in state.orders:
            if is_meant(known.order.members, Seen(self.name, self.member, None, None)):
                why = next((why for part, why in self.refuses.items() if part in json.dumps(str(known.order))), '')
                if why:
                    refused[known.id] = why
                else:
                    orders[known.id] = about(known.order, self._specs)
                    lacking[known.id] = missing(known.order, self._specs)
        self.etcd.put(self._keys.applied + self.name, write(Applied(
            revision=state.revision, orders=orders, refused=refused, missing=lacking, halted=state.halted is not None)))
        self.etcd.failing = failing


def two_members(etcd: MemoryEtcd) -> list[Obedient]:
    """Make the members m1 and m2 of the cluster x, in the zones 1 and 2."""
    return [Obedient(etcd, 'x', name, zone=name[-1]) for name in ('m1', 'm2')]


def asked_by_all(monkeypatch: pytest.MonkeyPatch) -> MemoryEtcd:
    """Let all who ask a cluster from now on ask one in memory."""
    made = MemoryEtcd()
    monkeypatch.setattr(asking, 'Etcd', lambda *_: made)
    return made
