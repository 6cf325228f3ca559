"""Who follows the exchanges of a process. While nobody does, sessions begin that record nothing, and cost nothing."""
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ..net.stream import Stream
from ..relay.recording.records import Closed, Exchanged, Marked, Opened, Unread, Whole
from ..relay.session import Session

Event = Opened | Closed | Unread | Marked
Met = TypeVar('Met')


class Exchanges:
    """The followers of a process's exchanges, and the mark that these are given.

    Args:
        begin: Called with each mark, before anything happens under it; None: nothing is.

    Attributes:
        followers: Called with each exchange that is over, in the loop; they must not wait.
        watchers: Called with what else happens, likewise.
        changed: Called with each proxy that has begun to listen, or whose mix is another one.
        mark: The test that runs, as ``begin_mark`` was told; empty: none.
        greetings: Whether handshakes of TLS with clients are recorded too that nothing is done to; only ``explore`` asks for it.
        newcomers: Called with each session of a proxy before it begins, by the proxy's name.
        later: Takes short exchanges whose records are still to be made, where the only follower has asked for them; else None.
        traces: Records say which trace their requests belong to; only spans ask for it.
        stream: The class of the streams of the sessions that begin now; a session is recorded where both of its streams are.
    """

    def __init__(self, begin: Callable[[str], None] | None = None) -> None:
        self._begin = begin
        self.changed: tuple[Callable[[Any], None], ...] = ()
        self.followers: tuple[Callable[[Exchanged], None], ...] = ()
        self.watchers: tuple[Callable[[Event], None], ...] = ()
        self.newcomers: dict[str, Callable[[Any], None]] = {}
        self.mark = ''
        self.greetings = self.traces = False
        self.later: Callable[[Whole], None] | None = None
        self.stream: type[Stream] = Stream
        self._takers: dict[Callable[[Exchanged], None], Callable[[Whole], None]] = {}

    @property
    def followed(self) -> bool:
        """Whether sessions that begin now are recorded."""
        return bool(self.followers or self.watchers)

    def follow(self, follower: Callable[[Exchanged], None], watcher: Callable[[Event], None] | None = None,
               later: Callable[[Whole], None] | None = None) -> None:
        """Call something with each exchange of the sessions that begin from now on, until ``unfollow``.

        Args:
            follower: Called with each exchange when it is over: answered, or its connection ended.
            watcher: Called with what happens to sessions: they open, close, or are relayed unread; None: nothing is.
            later: Called in place of ``follower`` with short exchanges whose records are still to be made, as long as nobody else
                follows; None: all records are made at once.
        """
        if later is not None:
            self._takers[follower] = later
        self.followers = (*self.followers, follower)
        if watcher is not None:
            self.watchers = (*self.watchers, watcher)
        self._choose()

    def unfollow(self, follower: Callable[[Exchanged], None], watcher: Callable[[Event], None] | None = None) -> None:
        """End ``follow``; sessions that are open go on recording, for the others who follow."""
        self.followers = tuple(other for other in self.followers if other != follower)
        self.watchers = tuple(other for other in self.watchers if other != watcher)
        self._takers.pop(follower, None)
        self._choose()

    def _choose(self) -> None:
        only = self.followers[0] if len(self.followers) == 1 else None
        self.stream = recorded() if self.followed else Stream
        self.later = self._takers.get(only) if only is not None else None

    def met(self, proxy: str, session: Met) -> Met:
        """Return a session that begins, once those who wait for it know of it."""
        newcomer = self.newcomers.get(proxy)
        if newcomer is not None:
            newcomer(session)
        return session

    def begin_mark(self, test: str) -> None:
        """Begin a test, or end it: all requests that begin from here on belong to it.

        Args:
            test: Its name; empty: there is none from here on.
        """
        self.mark = test
        if self._begin is not None:
            self._begin(test)
        self.happened(Marked(time.time(), test))

    def proxy_changed(self, proxy: Any) -> None:
        """Tell of a proxy that has begun to listen, or whose mix is another one."""
        for follower in self.changed:
            follower(proxy)

    def exchanged(self, exchanged: Exchanged) -> None:
        """Hand an exchange to those who follow."""
        for follower in self.followers:
            follower(exchanged)

    def happened(self, event: Any) -> None:
        """Hand what has happened to a session to those who watch."""
        for watcher in self.watchers:
            watcher(event)


def recorded() -> type[Stream]:
    """Return the class of streams of sessions that are recorded; most processes record none."""
    from ..relay.recording.session import RecordedStream
    return RecordedStream


def session_for(client: Stream, backend: Stream) -> type[Session]:
    """Return the class of a session of two streams: it is recorded where both of them are."""
    if not (client.recorded and backend.recorded):
        return Session
    from ..relay.recording.session import RecordedSession  # as above
    return RecordedSession
