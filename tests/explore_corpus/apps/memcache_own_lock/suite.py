"""A lock is taken."""
import uuid

import memcache_own_lock


def test_lock():
    memcache_own_lock.lock(uuid.uuid4().hex)
