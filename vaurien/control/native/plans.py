"""The calls of the native surface that are about the plan, and what goes over them. Thin over the fleet; knows no request."""
from typing import Annotated

from msgspec import Meta

from ...plans.entry import Entry
from ...plans.files import MAX_ENTRIES
from ...plans.grammar import FORM, make_fault
from ...plans.plan import UnknownEntryError
from ...proxies.fleet import Fleet
from ...spec import FaultSpec
from ..surface import NO_CONTENT, Refusal, Reply
from .endpoint import BARE, Endpoint, Request
from .models import Input, Output

PLAN_PATH, ENTRY_PATH = '/v1/plan', '/v1/plan/{entry:int}'
Faults = Annotated[list[str | FaultSpec], Meta(max_length=MAX_ENTRIES, description=f'Each as a text, {FORM}, or as its fields')]


class NewPlan(Input):
    """Entries of a plan."""

    faults: Faults


class PlannedRequest(Output):
    """A request that an entry was applied to; ``exchange`` is 0 for the opening of the connection."""

    time: float
    proxy: str
    session: int
    exchange: int
    request: str


class PlanEntry(Output):
    """An entry of the plan.

    ``fault`` is what it says, ``text`` the same in one line. ``matched`` requests were as it says, ``applied`` of them got it,
    and the newest of these are in ``where``. ``reason`` is why it was not applied, or not to the newest request that was due;
    empty: it was.
    """

    id: int
    text: str
    fault: FaultSpec
    matched: int
    applied: int
    where: list[PlannedRequest]
    reason: str


class PlanEntries(Output):
    """The plan: its entries, in the order in which they are held against a request; the first one that fits is applied."""

    entries: list[PlanEntry]


def entry_view(entry: Entry) -> PlanEntry:
    """Show an entry."""
    return PlanEntry(id=entry.number, text=entry.text, fault=entry.spec, matched=entry.matched, applied=entry.applied,
                     where=[PlannedRequest(*applied) for applied in entry.where], reason=entry.why_not)


class PlanCalls:
    """What the calls do. Each change is in force from the next request on, in open sessions too.

    Args:
        fleet: Whose plan it is.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.plan = fleet, fleet.plan

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return their part of the table of calls."""
        return (
            Endpoint('GET', PLAN_PATH, 'The plan', self.show_plan, PlanEntries),
            Endpoint('PUT', PLAN_PATH, 'Take another plan in place of the one that there is', self.replace_plan, PlanEntries,
                     body=NewPlan, errors=(503,)),
            Endpoint('POST', PLAN_PATH, 'Add entries to the plan', self.add_to_plan, PlanEntries, 201, body=NewPlan,
                     errors=(503,)),
            Endpoint('DELETE', PLAN_PATH, 'Take all entries of the plan away', self.clear_plan, BARE, 204, errors=(503,)),
            Endpoint('GET', ENTRY_PATH, 'An entry of the plan', self.show_entry, PlanEntry),
            Endpoint('DELETE', ENTRY_PATH, 'Take an entry of the plan away; the response is what became of it',
                     self.remove_entry, PlanEntry, errors=(503,)),
        )

    def show_plan(self, request: Request) -> PlanEntries:
        return shown(self.plan.entries)

    def replace_plan(self, request: Request) -> PlanEntries:
        self.fleet.check_open()
        self.fleet.check_alone('plan')
        return shown(self.plan.replace(faults_of(request)))

    def add_to_plan(self, request: Request) -> PlanEntries:
        self.fleet.check_open()
        self.fleet.check_alone('plan')
        return shown(self.plan.add(faults_of(request)))

    def clear_plan(self, request: Request) -> Reply:
        self.fleet.check_open()
        self.plan.clear()
        return NO_CONTENT

    def _entry(self, request: Request) -> Entry:
        try:
            return self.plan.get(request.captured['entry'])
        except UnknownEntryError as error:
            raise Refusal(404, str(error), 'path', 'entry') from None

    def show_entry(self, request: Request) -> PlanEntry:
        return entry_view(self._entry(request))

    def remove_entry(self, request: Request) -> PlanEntry:
        self.fleet.check_open()
        return entry_view(self.plan.remove(self._entry(request).number))


def shown(entries: list[Entry]) -> PlanEntries:
    """Show entries."""
    return PlanEntries(entries=[entry_view(entry) for entry in entries])


def faults_of(request: Request) -> list[FaultSpec]:
    """Return the entries of a body.

    Raises:
        ConfigError: A text is none; under its place in the body.
    """
    return [make_fault(fault, f'faults[{index}]') for index, fault in enumerate(request.body.faults)]
