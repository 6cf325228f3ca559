"""The calls of the native surface that are about the mark: which test runs. Thin over the fleet; knows no request."""
from typing import Annotated

from msgspec import Meta

from ...proxies.fleet import Fleet
from ..surface import NO_CONTENT, Reply
from .endpoint import BARE, Endpoint, Request
from .models import Input, Output

MARK_PATH = '/v1/mark'
MAX_TEST = 4096     #: [characters] of the name of a test; those of parametrized ones are long
Test = Annotated[str, Meta(min_length=1, max_length=MAX_TEST, description='The name of the test')]


class NewMark(Input):
    """A test begins."""

    test: Test


class Mark(Output):
    """Which test runs; empty: none.

    Requests that begin to come from here on belong to it: each exchange of the journal has it as ``test``, and entries of the
    plan with ``test`` count within it.
    """

    test: str


class MarkCalls:
    """What the calls do. A mark holds from the next request on, in open sessions too, until the next one.

    Args:
        fleet: Whose mark it is.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.exchanges = fleet.exchanges

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return their part of the table of calls."""
        return (
            Endpoint('GET', MARK_PATH, 'Which test runs', self.show_mark, Mark),
            Endpoint('PUT', MARK_PATH, 'A test begins; the one before has ended', self.begin_mark, Mark, body=NewMark),
            Endpoint('DELETE', MARK_PATH, 'The test has ended; there is none from here on', self.end_mark, BARE, 204),
        )

    def show_mark(self, request: Request) -> Mark:
        return Mark(test=self.exchanges.mark)

    def begin_mark(self, request: Request) -> Mark:
        self.exchanges.begin_mark(request.body.test)
        return Mark(test=self.exchanges.mark)

    def end_mark(self, request: Request) -> Reply:
        self.exchanges.begin_mark('')
        return NO_CONTENT
