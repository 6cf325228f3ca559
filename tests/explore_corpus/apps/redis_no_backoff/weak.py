"""Remembers pages. A refusal is followed by five more attempts at once."""
import contextlib
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def remember(page):
    for _ in range(5):
        with contextlib.suppress(redis.ReadOnlyError):
            return client.pfadd('pages', page)
    return client.pfadd('pages', page)
