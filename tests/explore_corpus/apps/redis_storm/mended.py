"""Sets a flag, and tries it four times, each after a longer wait."""
import os
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def set_flag(name):
    for attempt in range(3):
        try:
            return client.sadd('flags', name)
        except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError):
            time.sleep(0.02 * 2**attempt)
    return client.sadd('flags', name)
