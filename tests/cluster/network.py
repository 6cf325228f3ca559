"""The network of some members is cut, by a network namespace of their own: at their end of the cable, and at the other end."""
import time

from .crowd import Crowd
from .table import Row


def cut(crowd: Crowd) -> list[Row]:
    """Cut it at both ends, one after the other."""
    assert crowd.distance is not None
    return cut_at(crowd, True, 'by their own device') + cut_at(crowd, False, 'at the other end')


def cut_at(crowd: Crowd, far: bool, where: str) -> list[Row]:
    """Cut it, have something else asked for meanwhile, mend it, and ask once more."""
    assert crowd.distance is not None
    with crowd.asking(ttl=10 * crowd.ttl) as asking:
        asked = asking.ask(asking.order(proxy='shop', mix='100:abort'))
        crowd.turned(True, time.monotonic(), simulated=False)
        since = time.monotonic()
        crowd.distance.cut(far)
        try:
            healed = crowd.row(f'members are cut off {where}: healed', crowd.turned(False, since, crowd.far, simulated=False),
                               crowd.ttl + 1)
            others = [member for member in crowd.real if member not in crowd.far]
            assert all(member.faulty for member in others), 'the others have healed, too'
            asked = asking.ask(asking.order(proxy='shop', mix='100:abort', note='meanwhile'), replace=True)
            time.sleep(max(0.0, since + crowd.ttl + 2 - time.monotonic()))
        finally:
            since = time.monotonic()
            crowd.distance.mend()
        back = crowd.row('and are back: what is asked for is in force', crowd.turned(True, since, crowd.far, simulated=False))
        crowd.listed()
        since = time.monotonic()
        asking.end([asked.id])
        heard = crowd.row('and hear of the next change', crowd.turned(False, since, crowd.far, simulated=False))
    crowd.turned(False, since, simulated=False)
    return [healed, back, heard]
