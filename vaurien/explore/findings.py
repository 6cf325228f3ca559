"""Findings: what is wrong, once for each cause, with all places where it shows. Pure."""
import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..plans.globs import Glob
from ..plans.grammar import format_fault
from ..protocols.tls_kinds import HANDSHAKE
from ..relay.recording.records import Exchanged
from ..spec import FaultSpec
from .model.faults import ALWAYS, Point
from .model.records import Run, Tested
from .verdicts import FAIL, VERDICTS, Verdict


class Hit(NamedTuple):
    """One verdict on one point.

    Args:
        point: The point.
        verdict: What is wrong.
        kind: What was applied.
        again: The command line that shows it again.
        where: What names the test on the command's own command line; empty: its name does.
        tested: How the test went with the fault; None: that is not kept.
    """

    point: Point
    verdict: Verdict
    kind: str
    again: str = ''
    where: str = ''
    tested: Tested | None = None


class Finding(NamedTuple):
    """One cause.

    Args:
        verdict: Its name.
        level: ``FAIL`` or ``WARN``.
        proxy: Whose client it is.
        category: The class of the fault.
        mode: ``once`` or ``always``.
        hits: Where it shows.
    """

    verdict: str
    level: str
    proxy: str
    category: str
    mode: str
    hits: tuple[Hit, ...]

    @property
    def sites(self) -> list[str]:
        """The shapes of the requests, each once."""
        return list(dict.fromkeys(hit.point.shape for hit in self.hits))

    @property
    def tests(self) -> list[str]:
        """The tests that show it, each once."""
        return list(dict.fromkeys(hit.point.place.test for hit in self.hits))

    @property
    def kinds(self) -> list[str]:
        """What was applied, each once."""
        return list(dict.fromkeys(hit.kind for hit in self.hits))

    @property
    def detail(self) -> str:
        """What was seen, of the first place."""
        return self.hits[0].verdict.detail

    @property
    def again(self) -> str:
        """The command line that shows it again."""
        return self.hits[0].again


def grouped(hits: Iterable[Hit]) -> list[Finding]:
    """Make one finding of what has one cause; the worst come first."""
    found: dict[tuple[tuple[str, str, str, str, str], bool, bool], list[Hit]] = {}
    for hit in hits:
        point, verdict = hit.point, hit.verdict
        key = verdict.name, verdict.level, point.place.site.proxy, point.category, point.mode
        found.setdefault((key, point.first is not None, point.place.site.stage == HANDSHAKE), []).append(hit)
    order = list(VERDICTS)
    findings = [Finding(*key, tuple(some)) for (key, *_), some in found.items()]
    return sorted(findings, key=lambda finding: (finding.level != FAIL, order.index(finding.verdict), finding[2:5]))


# -- again

def again(options: Sequence[str], command: Sequence[str], specs: Iterable[FaultSpec]) -> str:
    """Return the command line that applies some faults.

    Args:
        options: What says where the backends are.
        command: The command.
        specs: The faults.
    """
    faults = [word for spec in specs for word in ('--fault', format_fault(spec))]
    return shlex.join(['vaurien', 'run', *options, *faults, '--', *command])


def each_alone(point: Point, run: Run) -> list[FaultSpec]:
    """Return the faults of a point for a command that runs one test alone.

    Args:
        point: The point.
        run: A run of that test alone, with its faults.
    """
    before = [] if point.first is None else each_alone(point.first, run)
    tested = run.tests.get(point.place.test)
    return [*before, alone(point, run, kind_of(tested, point) if tested is not None else point.kinds[0])]


def kind_of(tested: Tested, point: Point) -> str:
    """Return what was applied to a point."""
    met = [one.fault.rpartition('/')[2] for one in tested.exchanges if one.fault and one.proxy == point.place.site.proxy]
    fitting = [kind for kind in met if kind in point.kinds]
    return fitting[-1 if point.first is not None else 0] if fitting else point.kinds[0]


def alone(point: Point, run: Run, kind: str) -> FaultSpec:
    """Return the fault for a command that runs one test alone, where requests are counted from the beginning.

    Args:
        point: The point.
        run: A run of that test alone, with the fault.
        kind: What was applied.
    """
    site, test = point.place.site, run.tests.get(point.place.test)
    exchanges = sorted((*run.outside, *(test.exchanges if test is not None else ())), key=lambda one: one.time)
    glob, count = Glob(site.glob), 0
    earlier = 1 if point.first is not None and point.first.place.site == site else 0      # faults here that are not its own
    stages = {exchange.stage for exchange in exchanges if meant(exchange, site.proxy, exchange.stage, glob)}
    for exchange in exchanges:
        count += meant(exchange, site.proxy, site.stage, glob)
        here = point.first is None or meant(exchange, site.proxy, site.stage, glob)
        if exchange.fault and exchange.proxy == site.proxy and here:
            if not earlier:
                break
            earlier -= 1
    return FaultSpec(name=kind, proxy=site.proxy, request=site.glob, stage=site.stage if len(stages) > 1 else '',
                     nth=max(count, 1), count=0 if point.mode == ALWAYS else 1)


def meant(exchange: Exchanged, proxy: str, stage: str, glob: Glob) -> bool:
    """Return whether an entry of a plan means a request."""
    return exchange.proxy == proxy and exchange.stage == stage and (exchange.number > 0 or stage == HANDSHAKE) \
        and (glob.matches(exchange.name) or glob.matches(exchange.shape))
