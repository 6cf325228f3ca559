"""The call that tells where the time of the event loop goes. Knows what was found, and not how."""
from typing import Annotated

from msgspec import Meta

from ....proxies.fleet import Fleet
from ...surface import Refusal
from ..endpoint import Endpoint, Request
from ..models import Input, Output

KEPT = 60       #: [s] back at most, second by second
USUAL = 10      #: [s]


class BusyQuery(Input):
    """Which seconds."""

    seconds: Annotated[int, Meta(ge=0, le=KEPT, description='The last so many; 0: all since vaurien began')] = USUAL


class BusyShare(Output):
    """What one part of a proxy has had, or of vaurien itself where ``proxy`` is empty.

    ``what`` is ``protocol``, ``behavior NAME``, ``toxic NAME``, ``relay`` (reading, writing, drawing), ``journal``, ``control``,
    ``statsd``, ``loop`` (gevent and libev), ``idle`` or ``other``; ``share`` is of all the time, 0 to 1.
    """

    proxy: str
    protocol: str
    what: str
    seconds: float
    share: float


class LongestTurn(Output):
    """The turn of the event loop that has held up all else for the longest time, and what had most of it."""

    proxy: str
    protocol: str
    what: str
    seconds: float


class Busy(Output):
    """Where the time of the event loop went, as ``looks`` at it have found: what had most of it comes first."""

    seconds: float
    looks: int
    shares: list[BusyShare]
    longest: LongestTurn | None


class BusyCalls:
    """What the call does.

    Args:
        fleet: Whose proxies have the time.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return its part of the table of calls."""
        return (Endpoint('GET', '/v1/busy', 'Where the time of the event loop goes, with --busy', self.busy, Busy,
                         query=BusyQuery, errors=(409,)),)

    def busy(self, request: Request) -> Busy:
        if self.fleet.busy is None:
            raise Refusal(409, 'nothing looks where the time goes; start vaurien with --busy')
        report = self.fleet.busy.report(request.query.seconds)
        shares = [BusyShare(proxy=owner.proxy, protocol=owner.protocol, what=owner.what, seconds=seconds, share=share)
                  for owner, seconds, share in report.shares]
        longest = None
        if report.longest is not None:
            seconds, owner = report.longest
            longest = LongestTurn(proxy=owner.proxy, protocol=owner.protocol, what=owner.what, seconds=seconds)
        return Busy(seconds=report.seconds, looks=report.looks, shares=shares, longest=longest)
