"""The call of the native surface that is watched by, and what goes over it. Knows the feed, and no proxy."""
from msgspec import UNSET

from ...server_sent import events
from ...surface import Reply
from ..endpoint import EVENTS, Endpoint, Request
from ..models import Since
from .feed import Feeds

PATH = '/v1/live'


class LiveCalls:
    """What the call does.

    Args:
        feeds: What is followed.
    """

    def __init__(self, feeds: Feeds) -> None:
        self.feeds = feeds

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return their part of the table of calls."""
        return (
            Endpoint('GET', PATH, 'What the page shows, as server-sent events, once a second: hello, proxies (changed, gone), '
                     'stats (a row for each proxy that has done something), faults, requests (of the one proxy), scenario, '
                     'exploration and notices (of a member of a cluster that heals itself or is back; the newest one first)',
                     self.follow, EVENTS, query=Since, errors=(404, 503)),
        )

    def follow(self, request: Request) -> Reply:
        proxy, since = (None if value is UNSET else value for value in (request.query.proxy, request.query.since))
        return events(self.feeds.follow(proxy, since))
