"""Sets a flag, and tries it without an end."""
import os
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def set_flag(name):
    while True:
        try:
            return client.sadd('flags', name)
        except redis.RedisError:
            time.sleep(0.005)
