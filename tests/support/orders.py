"""What a cluster wants, as a member has read it from etcd."""
import json
from typing import Any

from vaurien.clusters.etcd.client import Kept
from vaurien.clusters.keys import Keys
from vaurien.clusters.state import State

KEYS = Keys('x')


def state(revision: int, **orders: dict[str, Any]) -> State:
    """Return what is wanted where these orders are in force."""
    found = State(KEYS)
    found.replace(revision, {KEYS.orders + name: Kept(json.dumps({'by': 'me', 'ttl': 10, **order}).encode(), at, at, 7)
                             for at, (name, order) in enumerate(orders.items(), 1)})
    return found
