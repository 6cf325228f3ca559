"""What a scenario's file may say, as data. The descriptions are the reference's. Knows no plugin and no proxy: what is named
here is looked up where phases are made of it.
"""
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ...spec import MAX_NAME, MAX_PLAN, BehaviorSpec, FaultSpec, ToxicSpec

MAX_PHASES = 1000   #: of a file; with repeats, ``MAX_PLAYED``
MAX_REPEATS = 10_000
MAX_PLAYED = 10_000  #: phases that are played, repeats counted: each is kept for the report
MIN_SCALE, MAX_SCALE = 0.0001, 1000.0   #: of all times
MAX_STEPS = 1000    #: of a ramp: each is a change of the proxies
STEPS = 10          #: of a ramp of which nothing is said

Duration = str | float
Number = float | int
Pair = Annotated[list[Number], Meta(min_length=2, max_length=2)]
Share = Annotated[float, Meta(ge=0, le=1)]
Mix = Annotated[str | list[BehaviorSpec], Meta(
    description='Behaviors and their percentages: a text such as ``20:delay,10:error``, or tables with ``name``, ``percent`` and '
                '``settings``; what is missing to 100 is left alone')]
Settings = Annotated[dict[str, dict[str, Any]], Meta(
    description="Values of behaviors' options, by behavior and option; beside those that the proxy has")]
Toxics = Annotated[list[str | ToxicSpec], Meta(
    description='Conditions of the wire: texts such as ``latency@upstream:latency=100``, or tables with ``type``, ``name``, '
                '``stream``, ``toxicity`` and ``attributes``')]
Plan = Annotated[list[str | FaultSpec], Meta(max_length=MAX_PLAN, description=(
    'Exactly these requests get exactly these failures, beside what the plan of the process says: each a text such as '
    '``cache: SET session:* #2 = readonly``, or a table with its fields. They count from the beginning of the phase'))]
Link = Annotated[str, Meta(description='The wire is like this link')]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a table of the file has in common with the others: nothing, and no key that is not known."""


class Ramp(Part, frozen=True, kw_only=True):
    """Values that go from one number to another while a phase lasts, in steps of the same length: ``[FROM, TO]``."""

    mix: Annotated[dict[str, Pair], Meta(description='The percentage of a behavior, by its name')] = {}
    settings: Annotated[dict[str, dict[str, Pair]], Meta(description="An option of a behavior, by the names of both")] = {}
    toxics: Annotated[dict[str, dict[str, Pair]], Meta(
        description="An attribute of a toxic, by the name of the toxic and of the attribute; a toxic that is not there is made, "
                    'its name being its type')] = {}


class Conditions(Part, frozen=True, kw_only=True):
    """What holds. What is not said is as it was before the scenario; ``toxics`` and ``link`` together take the place of the
    toxics that the proxy had.
    """

    mix: Mix | UnsetType = UNSET
    settings: Settings = {}
    toxics: Toxics | UnsetType = UNSET
    link: Link | UnsetType = UNSET
    down: Annotated[bool | Literal['refuse', 'hang'], Meta(
        description='The backend is down. ``true`` or ``"refuse"``: open connections are reset, and new ones refused; '
                    '``"hang"``: connections are accepted, nothing comes back, and they are closed when it is over'
    )] | UnsetType = UNSET
    ramp: Annotated[Ramp, Meta(description='What changes while the phase lasts')] = Ramp()


class Until(Part, frozen=True, kw_only=True):
    """What ends a phase before its time: all of it has to be true. Shares are those of the last ``over``."""

    requests: Annotated[int, Meta(ge=1, description='So many requests have been in this phase')] | UnsetType = UNSET
    faults: Annotated[int, Meta(ge=1, description='So many faults have been injected in this phase')] | UnsetType = UNSET
    errors_above: Annotated[Share, Meta(
        description='More than this share of the requests were answered with an error, or not at all')] | UnsetType = UNSET
    errors_below: Annotated[Share, Meta(description='Less than this share were')] | UnsetType = UNSET
    over: Annotated[Duration, Meta(description='The time that shares are counted over')] = '1s'
    after: Annotated[Duration | None, Meta(description='Not before this time of the phase')] = None


class Phase(Conditions, frozen=True, kw_only=True):
    """One phase: what holds for a time."""

    duration: Annotated[Duration, Meta(description='How long it lasts; with ``until``, at the most')] = msgspec.field(name='for')
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME,
                              description='How the report calls it; without it ``phase`` and its number')] | UnsetType = UNSET
    repeat: Annotated[int, Meta(ge=1, le=MAX_REPEATS, description='How often it is played, one after the other')] = 1
    until: Annotated[Until, Meta(description='What ends it earlier')] | UnsetType = UNSET
    steps: Annotated[int, Meta(ge=2, le=MAX_STEPS, description='In how many steps its ramps go')] = STEPS
    on: Annotated[dict[str, Conditions], Meta(
        description='What holds for single proxies, by their names: it wins over what the phase says for all')] = {}
    plan: Plan = []


class ProxyTable(Part, frozen=True, kw_only=True):
    """A proxy of the scenario."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME, description='How phases and the report know it')]
    backend: Annotated[str, Meta(description='Where it connects to; ``embedded``: the HTTP server inside vaurien')]
    proxy: Annotated[str, Meta(description='Where it listens; port 0 picks a free one')] = 'localhost:8000'
    protocol: Annotated[str, Meta(description='What client and backend speak')] = 'tcp'
    protocol_settings: Annotated[dict[str, Any], Meta(description="Values of the protocol's options")] = {}
    mix: Mix = ''
    settings: Settings = {}
    toxics: Toxics = []
    link: Link | UnsetType = UNSET


class Scenario(Part, frozen=True, kw_only=True):
    """The whole file."""

    phase: Annotated[list[Phase], Meta(min_length=1, max_length=MAX_PHASES, description='The phases, in order')]
    name: Annotated[str, Meta(max_length=MAX_NAME, description='What the report is about')] = ''
    repeat: Annotated[int, Meta(ge=1, le=MAX_REPEATS, description='How often all phases are played')] = 1
    proxy: Annotated[list[ProxyTable], Meta(
        description='Its proxies; beside those of the command line, if that names any')] = []
