"""What was injected, where and when; bounded. Knows nothing of how it came about."""
import time
from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from ..relay.recording.records import Noticed

#: faults remembered in a process; at some 200 bytes each, 2 MB
KEPT = 10_000
KEPT_NOTICES = 100     #: likewise
#: [characters] of a request's name that are remembered: clients make the names, and all of them together may be 5 MB
NAMED = 256


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One injected fault.

    Args:
        id: Counted from 1 in this process.
        time: Seconds since 1970.
        proxy: The proxy's name.
        session: The session's number in its proxy, from 1.
        exchange: The exchange's number in its session, from 1; 0: the opening of the connection.
        behavior: The behavior's name.
        kind: Which error; empty for behaviors that have no kinds.
        request: The first ``NAMED`` characters of the request's name; empty where the protocol knows no requests.
        plan: The id of the entry of the plan that meant this request; 0: it was drawn.
    """

    id: int
    time: float
    proxy: str
    session: int
    exchange: int
    behavior: str
    kind: str
    request: str
    plan: int = 0


class Journal:
    """The newest faults of a process.

    Args:
        kept: How many are remembered.

    Attributes:
        followers: Called with each new fault, in the loop; they must not wait.
        notices: The newest of what has happened to the whole process.
        noticed: How many of them there were.
        listeners: Called with each new one of them, likewise.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._faults: deque[Fault] = deque(maxlen=kept)
        self.count = 0
        self.followers: tuple[Callable[[Fault], None], ...] = ()
        self.notices: deque[Noticed] = deque(maxlen=KEPT_NOTICES)
        self.noticed = 0
        self.listeners: tuple[Callable[[Noticed], None], ...] = ()

    def add(self, proxy: str, session: int, exchange: int, behavior: str, kind: str, request: str, plan: int = 0) -> Fault:
        """Write down a fault."""
        self.count += 1
        fault = Fault(id=self.count, time=time.time(), proxy=proxy, session=session, exchange=exchange, behavior=behavior,
                      kind=kind, request=request[:NAMED], plan=plan)
        self._faults.append(fault)
        for follower in self.followers:
            follower(fault)
        return fault

    def take(self, fault: Fault) -> None:
        """Write down a fault of another process, under an id of this one."""
        self.count += 1
        fault = msgspec.structs.replace(fault, id=self.count)
        self._faults.append(fault)
        for follower in self.followers:
            follower(fault)

    def follow(self, follower: Callable[[Fault], None]) -> None:
        """Call something with each new fault, until ``unfollow``; also from a call of another one."""
        self.followers = (*self.followers, follower)

    def unfollow(self, follower: Callable[[Fault], None]) -> None:
        """End ``follow``."""
        self.followers = tuple(other for other in self.followers if other != follower)

    def notice(self, text: str) -> None:
        """Write down that something has happened to the whole process."""
        self.noticed += 1
        noticed = Noticed(time.time(), text)
        self.notices.append(noticed)
        for listener in self.listeners:
            listener(noticed)

    def listen(self, listener: Callable[[Noticed], None]) -> None:
        """Call something with all that happens to the whole process, until ``listen_no_more``."""
        self.listeners = (*self.listeners, listener)

    def listen_no_more(self, listener: Callable[[Noticed], None]) -> None:
        """End ``listen``."""
        self.listeners = tuple(other for other in self.listeners if other != listener)

    def since(self, number: int = 0, proxy: str | None = None) -> Iterator[Fault]:
        """Return the remembered faults with an id above ``number``, oldest first; None: of all proxies."""
        return (fault for fault in list(self._faults)
                if fault.id > number and (proxy is None or fault.proxy == proxy))

    def clear(self) -> None:
        """Forget all faults; ids go on counting."""
        self._faults.clear()
