"""The baseline: what the suite does without a fault, and which of its tests can be relied on. Knows runs, and no process."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..protocols.effects.words import Effects
from .model.learned import learn
from .model.records import PASSED, Run, Tested
from .model.sites import Known, Site, all_exchanges, stable

#: protocols whose shapes mask all values, so that nothing is left to be learned
FULLY_MASKED = ('mysql', 'postgres', 'smtp')


class Baseline(NamedTuple):
    """What is known without a fault.

    Args:
        runs: The clean runs.
        tests: The tests that can be relied on, as the last of these has shown them.
        left_out: Why others cannot, by name.
        broken: Tests that pass beside vaurien, and fail through it.
        known: What is known of the proxies.
        sites: All sites.
        stable: Those of which each run had the same number.
    """

    runs: tuple[Run, ...]
    tests: Mapping[str, Tested]
    left_out: Mapping[str, str]
    broken: tuple[str, ...]
    known: Known
    sites: frozenset[Site]
    stable: frozenset[Site]


def baseline_of(runs: Sequence[Run], beside: Run, effects: Mapping[str, Effects], protocols: Mapping[str, str],
                names: Mapping[tuple[str, str], str]) -> Baseline:
    """Make the baseline.

    Args:
        runs: Some clean runs.
        beside: One that vaurien had no part in.
        effects: What requests do, by proxy.
        protocols: What the proxies speak.
        names: What shapes were called in earlier runs; they are called so for ever.
    """
    masked = [proxy for proxy, protocol in protocols.items() if protocol in FULLY_MASKED]
    known = Known(effects, {**learn(all_exchanges(runs), masked), **names})
    tests: dict[str, Tested] = {}
    left_out: dict[str, str] = {}
    broken = []
    for name in dict.fromkeys(name for run in runs for name in run.tests):
        outcomes = [run.tests[name].outcome if name in run.tests else 'missing' for run in runs]
        alone = beside.tests[name].outcome if name in beside.tests else 'missing'
        if set(outcomes) == {PASSED}:
            changes = [run.tests[name].change for run in runs]
            tests[name] = runs[-1].tests[name]._replace(open=max(run.tests[name].open for run in runs),
                                                        change=changes[0] if changes.count(changes[0]) == len(runs) else None)
        elif alone == PASSED and PASSED not in outcomes:
            broken.append(name)
        elif len(set(outcomes)) > 1:
            left_out[name] = 'its result differs by itself'
        else:
            left_out[name] = outcomes[0]
    sites, steady = stable([run._replace(tests={name: run.tests[name] for name in tests}) for run in runs], known)
    return Baseline(tuple(runs), tests, left_out, tuple(broken), known, frozenset(sites), frozenset(steady))
