"""The rules: from one point as it went to its verdicts. Pure; each rule is a function of its own."""
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from ...protocols.tls_kinds import HANDSHAKE
from ...relay.recording.records import Exchanged
from ..model.faults import ALWAYS, ONCE, Point
from ..model.records import FAILED, UNFINISHED, Tested
from ..model.sites import Known, Site, answered_ok
from ..model.state import fewer, more
from .errors import is_assertion, tells
from .seen import Seen
from .table import FAIL, VERDICTS, WARN

STORM, UNLIMITED = 20, 90   #: failed attempts of one request in a row: more than these, and so many
ROW = 3             #: failed attempts in a row whose gaps are looked at
AT_ONCE = 0.010     #: [seconds] between two attempts that are no wait
ALIKE = 0.05        #: by what part gaps may differ that are the same
CE: Final = {'C': 'lost', 'E': 'cut'}   #: classes with an effect, and what has become of the response
EARLY = 0.95        #: of what Retry-After asks has to pass
#: kinds whose response has Retry-After, and the seconds in it
ASKING: Final = {'503': 1.0, '429': 1.0}
#: errors after which a connection is of no use for what it was used for
USELESS: Final = frozenset({'readonly', 'read-only', 'admin-shutdown'})


class Verdict(NamedTuple):
    """What is wrong.

    Args:
        name: Which of ``VERDICTS``.
        level: ``FAIL`` or ``WARN``.
        detail: What was seen, in half a line.
    """

    name: str
    level: str
    detail: str


def verdict(name: str, detail: str, level: str = '') -> Verdict:
    """Make a verdict; its level is that of the table where nothing else is said."""
    return Verdict(name, level or VERDICTS[name][0], detail)


def judge(point: Point, base: Tested, tested: Tested, known: Known, stable: Iterable[Site],
          must_tolerate: bool = False) -> list[Verdict] | None:
    """Judge one point.

    Args:
        point: The point.
        base: The test in a clean run.
        tested: The test with the fault.
        known: What is known of the proxies.
        stable: Sites that have the same number of requests in each clean run.
        must_tolerate: Whether a failure that is worth another try may not end a test.

    Returns:
        The verdicts; empty: nothing is wrong with it. None: no request met the fault.
    """
    seen = Seen(point, base, tested, known, stable)
    if not seen.met:
        return None
    found: list[Verdict] = []
    for rule in RULES:
        one = rule(seen, {other.name for other in found})
        if one is not None:
            found.append(one)
    if must_tolerate:
        found = [one._replace(level=FAIL) if one.name == 'not-tolerated' else one for one in found]
    return found


def hang(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.tested.hung:
        return verdict('hang', f'silence, and no time limit within {seen.tested.seconds:.0f} s')
    return None


def crash(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.tested.signalled < 0:
        return verdict('crash', 'the process that runs the test ended')
    if seen.tested.signalled:
        return verdict('crash', f'ended by signal {seen.tested.signalled}')
    if seen.tested.died is not None and seen.base.died is None:
        return verdict('crash', f'the program ended with status {seen.tested.died}')
    return None


def double_effect(seen: Seen, found: set[str]) -> Verdict | None:
    """After C or E the same write is done again, and it is none that may be done twice."""
    done = more(*seen.changes) if seen.changes is not None else ''
    if done:
        return verdict('double-effect', f'the state: {done}')
    if seen.category not in 'CE':
        return None
    effect, again = seen.effect_of(seen.first), [exchange for exchange in seen.repeats if seen.had(exchange)]
    anew = [exchange for exchange in again if exchange.key != seen.first.key]
    if anew and not seen.effect_unkeyed(seen.first).twice:
        return verdict('double-effect', f'response {CE[seen.category]}, then done {times(anew)}, as each attempt has another key')
    if not again or not effect.writes or effect.twice:
        return None
    unknown = effect.twice is None
    return verdict('double-effect', f'response {CE[seen.category]}, then done {times(again)}'
                   + (', which may be meant' if unknown else ''), WARN if unknown else '')


def times(again: Sequence[Exchanged]) -> str:
    """Return how often something was done that was done again."""
    return 'twice' if len(again) == 1 else f'{len(again) + 1} times'


def own_effect_refused(seen: Seen, found: set[str]) -> Verdict | None:
    """After C or E the repeat is refused because of the first one, and that is taken for a refusal."""
    if seen.category not in 'CE' or not seen.effect_of(seen.first).writes:
        return None
    refuses = seen.known.effects[seen.site.proxy].refuses
    for exchange in seen.repeats:
        if not exchange.fault and refuses(exchange.name, exchange.answer, exchange.code):
            fewer = sum((seen.done(seen.base) - seen.done(seen.tested)).values())
            if seen.tested.outcome == FAILED or fewer:
                return verdict('own-effect-refused', f'response lost, and the repeat refused: {exchange.code or exchange.answer}')
    return None


def silent_success(seen: Seen, found: set[str]) -> Verdict | None:
    """The test passes, though a write was refused and never done, half a response was taken for whole, or TLS is not verified."""
    if not seen.tested.passed:
        return None
    if seen.category == 'E':
        again = any(seen.same(exchange, seen.first) for exchange in seen.tested.exchanges
                    if exchange is not seen.first and exchange.time > seen.first.time)
        return None if again else verdict('silent-success', 'half a response, and the test passes')
    if seen.site.stage == HANDSHAKE and answered_ok(seen.first.answer):
        return verdict('silent-success', 'a certificate that has expired is taken for a good one, which may be meant', WARN)
    refused = seen.category == 'B' or (seen.category == 'A' and seen.mode == ALWAYS)
    if refused and seen.effect_of(seen.first).writes and seen.effect_of(seen.first).part in ('', 'inside'):
        done, usual = seen.done(seen.tested)[seen.site], seen.done(seen.base)[seen.site]
        if done < usual:
            return verdict('silent-success', 'refused and never done, and the test passes')
    return None


def lost_write(seen: Seen, found: set[str]) -> Verdict | None:
    """The test passes with fewer writes than without the fault."""
    if not seen.tested.passed or 'silent-success' in found:
        return None
    left = fewer(*seen.changes) if seen.changes is not None else ''
    if left:
        return verdict('lost-write', f'the state: {left}, and the test passes')
    done = seen.done(seen.tested)
    missing = {site: count - done[site] for site, count in seen.done(seen.base).items()
               if site in seen.stable and done[site] < count}
    if not missing:
        return None
    site, count = next(iter(missing.items()))
    return verdict('lost-write', f'{count} {site.shape} never done, and the test passes')


def wrong_error(seen: Seen, found: set[str]) -> Verdict | None:
    """The test fails, and by its types nothing in the exception tells of the failure."""
    if seen.tested.outcome != FAILED or seen.category not in 'ABCE' or tells(seen.tested.errors) is not False:
        return None
    if found & {'double-effect', 'own-effect-refused', 'hang', 'crash'}:
        return None
    if seen.category == 'A' and not is_assertion(seen.tested.errors):
        return None
    name = seen.tested.errors[0][0].removeprefix('builtins.')
    return verdict('wrong-error', f'the test fails with {name}', WARN if seen.category == 'A' else '')


def retry_storm(seen: Seen, found: set[str]) -> Verdict | None:
    count = len(seen.streak)
    if seen.mode != ALWAYS or count <= STORM:
        return None
    unlimited = count >= UNLIMITED or seen.tested.outcome == UNFINISHED
    return verdict('retry-storm', f'{count} attempts in a row{", without a limit" if unlimited else ""}')


def retried_final(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.category != 'B' or not seen.repeats or seen.site not in seen.stable:
        return None
    # of several servers behind one name another one may have a good certificate
    return verdict('retried-final', f'refused for good, and tried {len(seen.repeats) + 1} times',
                   WARN if seen.site.stage == HANDSHAKE else '')


def retry_after_ignored(seen: Seen, found: set[str]) -> Verdict | None:
    """The next attempt comes sooner than the response of vaurien has asked for."""
    if kind_of(seen) not in ASKING:
        return None
    asked = ASKING[kind_of(seen)]
    for one in seen.faulted:
        over = one.time + one.seconds
        later = [other.time - over for other in seen.tested.exchanges if other.time > one.time and seen.same(other, one)]
        if later and later[0] < EARLY * asked:
            return verdict('retry-after-ignored', f'{kind_of(seen)} asks for {asked:g} s, and the next attempt comes after '
                           f'{max(later[0], 0.0):.2f} s')
    return None


def not_tolerated(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.category != 'A' or seen.mode != ONCE or seen.tested.outcome != FAILED or 'wrong-error' in found:
        return None
    return None if seen.repeats else verdict('not-tolerated', f'{kind_of(seen)} ends the test')


def no_backoff(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.mode != ALWAYS or len(seen.streak) < ROW:
        return None
    gaps = [later.time - one.time - one.seconds for one, later in pairwise(seen.streak)]
    if sorted(gaps)[len(gaps) // 2] < AT_ONCE:     # a busy machine may hold one of them up
        return verdict('no-backoff', f'{len(seen.streak)} attempts at once')
    if len(gaps) > ROW and max(gaps) - min(gaps) <= ALIKE * max(gaps):
        return verdict('no-backoff', f'{len(seen.streak)} attempts, each after {max(gaps):.2f} s')
    return None


def dead_connection(seen: Seen, found: set[str]) -> Verdict | None:
    if seen.mode != ALWAYS or kind_of(seen) not in USELESS or len(seen.faulted) < 2:
        return None
    first, second = seen.faulted[:2]
    if first.session == second.session and answered_ok(first.answer) is False:
        return verdict('dead-connection', f'{kind_of(seen)}, and the next request goes to the same connection')
    return None


def leak(seen: Seen, found: set[str]) -> Verdict | None:
    """More connections are open; where the test fails its exception keeps them."""
    if not seen.tested.passed:
        return None
    more = seen.tested.open - seen.base.open
    return verdict('leak', f'{more} more {"connection" if more == 1 else "connections"} open at the end') if more > 0 else None


def kind_of(seen: Seen) -> str:
    """Return the name of what was applied."""
    return seen.first.fault.rpartition('/')[2]


#: in their order: a later one may ask what was found before
RULES: Final[tuple[Callable[[Seen, set[str]], Verdict | None], ...]] = (
    hang, crash, double_effect, own_effect_refused, silent_success, lost_write, wrong_error, retry_storm, retried_final,
    retry_after_ignored, not_tolerated, no_backoff, dead_connection, leak)
