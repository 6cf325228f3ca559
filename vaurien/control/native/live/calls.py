"""The call of the native surface that is watched by, and what goes over it. Knows the feed, and no proxy."""
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from ...server_sent import events
from ...surface import Reply
from ..endpoint import EVENTS, Endpoint, Request
from ..models import MAX_SAFE_INTEGER, Input
from .feed import Feeds

PATH = '/v1/live'


class Watched(Input):
    """What is watched."""

    since: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER, description='Begin with the faults after the one with this id')
                     ] | UnsetType = UNSET

    proxy: Annotated[str, Meta(description='The name of the proxy whose faults and requests are told; none: the faults of all')
                     ] | UnsetType = UNSET


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
                     'stats (a row for each proxy that has done something), faults, requests (of the one proxy) and scenario',
                     self.follow, EVENTS, query=Watched, errors=(404, 503)),
        )

    def follow(self, request: Request) -> Reply:
        proxy, since = (None if value is UNSET else value for value in (request.query.proxy, request.query.since))
        return events(self.feeds.follow(proxy, since))
