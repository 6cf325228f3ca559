"""A lock. A holder whose reply was lost is refused by its own first attempt."""
import contextlib
import os
import time
import uuid

import redis

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=None)


class Busy(Exception):
    """Somebody else has the lock."""


def take(key, token):
    for attempt in range(3):
        try:
            if client.set(key, token, nx=True, px=60_000):
                return
            raise Busy(key)
        except redis.ConnectionError:
            time.sleep(0.02 * 2**attempt)
    raise redis.ConnectionError('no lock within three attempts')


@contextlib.contextmanager
def locked(name):
    key, token = f'lock:{name}', uuid.uuid4().hex
    take(key, token)
    try:
        yield
    finally:
        client.delete(key)
