"""Remembers pages. Each attempt waits longer than the one before."""
import os
import random
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def remember(page):
    for attempt in range(5):
        try:
            return client.pfadd('pages', page)
        except redis.ReadOnlyError:
            time.sleep(0.02 * 2**attempt * (1 + random.random()))
    return client.pfadd('pages', page)
