"""A watch ends within a change, and what it missed is compacted; also after members were cut off for long."""
import contextlib
import time

from vaurien.clusters.asking import Asking
from vaurien.clusters.etcd.errors import CompactedError
from vaurien.clusters.etcd.watch import Watch

from .crowd import Crowd
from .table import Row

#: [bytes] after which what etcd says ends: within the first header of a response, and within a change
TORN = 60


def torn(crowd: Crowd) -> list[Row]:
    """Tear each connection of some members in the middle of a change, and compact that before they can ask again."""
    with crowd.asking() as asking:
        last = asking.ask(asking.order(proxy='shop', mix='100:abort')).id
        crowd.turned(True, time.monotonic(), simulated=False)
        for cable in crowd.cables:
            cable.torn = TORN
        asking.end([last])
        compact(asking)
        time.sleep(crowd.ttl / 20)
        assert all(member.faulty for member in crowd.cabled), 'what was torn has been read'
        since = time.monotonic()
        for cable in crowd.cables:
            cable.torn = None
        took = crowd.turned(False, since, crowd.cabled, simulated=False)
        crowd.listed()
    return [crowd.row('a watch is torn within a change, which is compacted: read anew', took)]


def compact(asking: Asking) -> None:
    """Have etcd throw away all that was, and see that a watch cannot begin there."""
    revision = asking.state().revision
    asking.etcd.call('/v3/kv/compaction', {'revision': str(revision)})
    try:
        with contextlib.closing(Watch(asking.etcd, asking.keys.wanted, revision - 1)) as watch:
            next(iter(watch))
    except CompactedError:
        return
    raise AssertionError('what was compacted is there')


def compacted(crowd: Crowd) -> list[Row]:
    """Cut some members off, without a word, for longer than they wait, and compact what they have missed."""
    with crowd.asking(ttl=10 * crowd.ttl) as asking:
        asked = asking.ask(asking.order(proxy='shop', mix='100:abort'))
        crowd.turned(True, time.monotonic(), simulated=False)
        since = time.monotonic()
        for cable in crowd.cables:
            cable.whole.clear()
        took = crowd.turned(False, since, crowd.cabled, simulated=False)
        rows = [crowd.row(f'members are cut off, TTL {crowd.ttl} s: healed', took, crowd.ttl + 1)]
        for number in range(3):
            asked = asking.ask(asking.order(proxy='shop', mix='100:abort', note=f'number {number}'), replace=True)
        compact(asking)
        since = time.monotonic()
        for cable in crowd.cables:
            cable.whole.set()
        took = crowd.turned(True, since, crowd.cabled, simulated=False)
        rows.append(crowd.row('and are back after compaction: the newest is in force', took))
        crowd.listed()
        since = time.monotonic()
        asking.end([asked.id])
        rows.append(crowd.row('and hear of the next change', crowd.turned(False, since, crowd.cabled, simulated=False)))
    crowd.turned(False, since, simulated=False)
    return rows
