"""Entries of a plan, for tests: put in for the length of a block, and asked what became of them. Knows the control server."""
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..client import Client, RefusedError
from ..client.quiet import is_refusal
from ..errors import VaurienError
from .unused import Unused, complain

#: [seconds] between two looks at an entry; one look takes about 1 ms
POLL_INTERVAL = 0.01
NAMES_PROXY = re.compile(r'\s*\S+: +\S')   #: what an entry begins with that names its proxy
#: what an entry is applied as, by the argument of ``fault`` that names it
NAMED = ('kind', 'behavior', 'toxic')
__tracebackhide__ = is_refusal


class PlannedRequest(NamedTuple):
    """A request that an entry was applied to.

    Attributes:
        time: Seconds since 1970.
        proxy: The proxy's name.
        session: The session's number in its proxy, from 1.
        exchange: The exchange's number in its session, from 1; 0: the opening of the connection.
        request: The request's name.
    """

    time: float
    proxy: str
    session: int
    exchange: int
    request: str


class PlannedFault:
    """One entry of a plan, which is in force. As a context manager it is for the length of the block; afterwards it is still
    known what became of it.

    Args:
        client: The control server.
        made: What the control server said when it was made.
        unused_ok: Whether it need not be applied at all; otherwise that is an error, at the end of its block or of the test.

    Attributes:
        id: Its id; faults of the journal have it as ``plan``.
        text: What it says, in one line.
    """

    def __init__(self, client: Client, made: Mapping[str, Any], unused_ok: bool = True) -> None:
        self._wanted = not unused_ok
        self._client, self.id, self.text = client, int(made['id']), str(made['text'])
        self._seen = made
        self._last: Mapping[str, Any] | None = None     # what it was when it was taken away; None: it is in force

    def __repr__(self) -> str:
        return f'<vaurien {self.text}>'

    def __enter__(self) -> 'PlannedFault':
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
        complain(self.settle(error[:1] in ((), (None,))))

    def settle(self, fine: bool) -> Unused:
        """Return what was never applied, at the end of its block; nothing where that has failed, or nothing is asked any more."""
        unused = self.unused({}) if fine else Unused()
        self._wanted = False
        return unused

    def unused(self, now: Mapping[str, Any]) -> Unused:
        """Return what was never applied and should have been."""
        if not self._wanted or self.applied:
            return Unused()
        return Unused((f'{self.text} was asked for and never applied: {self.reason}',))

    def remove(self) -> None:
        """Take it away; requests from here on are left alone by it."""
        if self._last is None:
            try:
                self._last = self._client.remove_from_plan(self.id)
            except RefusedError:    # it has been taken away by other means; what it was when it was last asked is known
                self._last = self._seen

    def _now(self) -> Mapping[str, Any]:
        if self._last is not None:
            return self._last
        self._seen = self._client.plan_entry(self.id)
        return self._seen

    @property
    def matched(self) -> int:
        """How many requests were as it says, whether or not it was their turn."""
        return int(self._now()['matched'])

    @property
    def applied(self) -> int:
        """How many requests it was applied to; 0, which is no success of ``assert fault.applied``: none."""
        return int(self._now()['applied'])

    @property
    def where(self) -> list[PlannedRequest]:
        """The newest requests that it was applied to, oldest first."""
        return [PlannedRequest(**{name: found[name] for name in PlannedRequest._fields}) for found in self._now()['where']]

    @property
    def reason(self) -> str:
        """Why it was not applied, or not to the newest request that was due; empty: it was."""
        return str(self._now()['reason'])

    def wait_applied(self, count: int = 1, timeout: float = 10.0) -> list[PlannedRequest]:
        """Wait until it was applied so often.

        Args:
            count: How often, at least.
            timeout: Seconds to wait at most.

        Returns:
            Where.

        Raises:
            TimeoutError: It was not; the message says why.
        """
        deadline, never = time.monotonic() + timeout, threading.Event()
        while (now := self._now())['applied'] < count:
            if time.monotonic() >= deadline or self._last is not None:
                raise TimeoutError(f'{self.text} was applied {now["applied"]} times, not {count}: {now["reason"]}')
            never.wait(POLL_INTERVAL)
        return self.where


class RunningPlan:
    """Several entries of a plan, which are in force; as a context manager for the length of the block.

    Args:
        faults: The entries, in their order.
    """

    def __init__(self, faults: list[PlannedFault]) -> None:
        self.faults = faults

    def __enter__(self) -> 'RunningPlan':
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()
        fine = error[:1] in ((), (None,))
        complain(sum((fault.settle(fine) for fault in self.faults), Unused()))

    def remove(self) -> None:
        """Take them away."""
        for fault in self.faults:
            fault.remove()

    @property
    def unmet(self) -> list[PlannedFault]:
        """Those that were applied to no request so far."""
        return [fault for fault in self.faults if not fault.applied]


def about(proxy: str, fault: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Let an entry be about a proxy where it names none."""
    if not isinstance(fault, str):
        return {'proxy': proxy, **fault}
    return fault if NAMES_PROXY.match(fault) else f'{proxy}: {fault}'


def fields_of(proxy: str, request: str, named: Mapping[str, str], settings: Mapping[str, Any], **where: Any) -> dict[str, Any]:
    """Make the fields of an entry of what ``RunningProxy.fault`` was given.

    Raises:
        VaurienError: It is not said what to apply, or twice.
    """
    given = [f'{what}:{name}' for what, name in named.items() if name]
    if len(given) != 1:
        raise VaurienError(f'a fault has one of {", ".join(NAMED)}, not {" and ".join(given) or "none"}')
    return {'proxy': proxy, 'request': request, 'name': given[0], 'settings': dict(settings), **where}
