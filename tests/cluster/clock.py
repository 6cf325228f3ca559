"""The clock of one member is stepped, forward and back: faults last as long as they should, by what only grows."""
import re
import time

from vaurien.spec import ToxicSpec

from .crowd import Crowd
from .table import Row

DAY = 86_400    #: [s]
LATENCY = ToxicSpec(type='latency', attributes={'latency': 1}),
STAMP = re.compile(r'^(\d+-\d+-\d+) [\d:,]+ \w+ vaurien\.', re.MULTILINE)


def stepped(crowd: Crowd) -> list[Row]:
    """Step it a day forward, and from there a month back."""
    return [step(crowd, DAY, 'a day forward'), step(crowd, -30 * DAY, 'a month back')]


def step(crowd: Crowd, seconds: int, words: str) -> Row:
    """Step it while there are two faults: one that is kept stays on, and one whose time is over ends."""
    assert crowd.clock is not None
    member, = crowd.stepped
    with crowd.asking(ttl=crowd.ttl) as keeping, crowd.asking(ttl=crowd.ttl, kept=False) as leaving:
        kept = keeping.ask(keeping.order(proxy='calm', toxics=LATENCY))
        before = time.monotonic()
        leaving.ask(leaving.order(proxy='shop', mix='100:abort'))
        since = time.monotonic()    # its time has begun in between
        crowd.turned(True, since, simulated=False)
        crowd.clock.step(seconds)
        took = crowd.turned(False, since, [member], simulated=False)
        applied = {seen.name: seen.applied for seen in keeping.members()}[member.name]
        assert applied is not None
        assert kept.id in applied.orders, 'what is kept alive has ended'
        assert min(took) + since - before >= crowd.ttl, f'the fault has ended too early, after {took} s'
    crowd.turned(False, since, simulated=False)
    crowd.listed()
    stamps = STAMP.findall(member.process.log)
    assert len(set(stamps)) > 1, f'the clock was not stepped: {stamps}'
    return crowd.row(f'the clock of a member is stepped {words}: its fault ends', took, crowd.ttl + 1)
