"""What a cluster wants, as a member has read it from etcd."""
import json
from typing import Any

from vaurien.clusters.etcd.client import Kept
from vaurien.clusters.keys import Keys
from vaurien.clusters.state import State
from vaurien.following.wanted import Wanted
from vaurien.spec import ProxySpec

KEYS = Keys('x')
#: what a member is by itself
BASE = Wanted(version=1, specs=(ProxySpec(name='api', proxy='127.0.0.1:0', enabled=False),), plan=())


def state(revision: int, **orders: dict[str, Any]) -> State:
    """Return what is wanted where these orders are in force."""
    found = State(KEYS)
    found.replace(revision, {KEYS.orders + name: Kept(json.dumps({'by': 'me', 'ttl': 10, **order}).encode(), at, at, 7)
                             for at, (name, order) in enumerate(orders.items(), 1)})
    return found
