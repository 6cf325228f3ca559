"""A lock is taken."""
import uuid

import redis_own_lock


def test_lock():
    with redis_own_lock.locked(uuid.uuid4().hex):
        pass
