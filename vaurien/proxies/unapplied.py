"""Why faults of a proxy are not applied: sessions that are relayed unread, and entries of its mix of which nothing has come."""
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..relay.session import Session
from ..spec import BehaviorSpec
from ..words.uses import Unread, Uses, explain, is_clear

logger = logging.getLogger(__name__)

#: reasons for sessions to be relayed unread that are told apart; peers can make more of them
MAX_REASONS, OTHER_REASONS = 20, 'for other reasons'


class Unapplied:
    """What a proxy knows of faults that are not applied.

    Attributes:
        uses: What each entry of its mix has come to, and of those before it.
        unread: Sessions that are relayed unread, or were, by the reason.
    """

    def __init__(self) -> None:
        self.uses = Uses()
        self.unread: Counter[str] = Counter()

    def relayed_unread(self, session: Session) -> None:
        """Count a session that is relayed unread from here on; of those for the same reason the first one is worth a warning."""
        unread, reason = self.unread, session.unread
        if len(unread) >= MAX_REASONS and reason not in unread:
            reason = OTHER_REASONS
        unread[reason] += 1
        if unread[reason] == 1:
            logger.warning('session %d of %s is relayed unread from here on: %s', session.number, session.name, session.unread)
        else:
            logger.debug('session %d of %s is relayed unread from here on: %s', session.number, session.name, session.unread)

    def sessions_unread(self, sessions: Mapping[int, Session]) -> list[Unread]:
        """Return how many sessions are relayed unread, and were, and why.

        Args:
            sessions: Those that are open.
        """
        now = Counter(session.unread for session in sessions.values() if session.unread)
        return [Unread(reason, count, now[reason]) for reason, count in self.unread.items()]

    def unused(self, asked: Iterable[BehaviorSpec], requests: int, where: str) -> Iterator[str]:
        """Give a line for each entry of a mix that was never applied and had to be.

        Args:
            asked: The mix.
            requests: How many there were.
            where: The proxy's name.
        """
        wanted, unread = {(entry.name, entry.percent) for entry in asked}, self.sessions_unread({})
        for use in self.uses.known.values():
            entry, counts = use.entry, use.counts
            if (entry.name, entry.percent) in wanted and is_clear(entry, counts, requests, unread):
                yield explain(entry, counts, requests, unread, where)
