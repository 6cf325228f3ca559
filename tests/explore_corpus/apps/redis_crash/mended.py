"""Scores. Where the primary has become a replica it connects anew for the next one, and tells its caller of this one."""
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def set_score(player, score):
    try:
        client.hset('scores', player, score)
    except redis.ReadOnlyError:
        client.connection_pool.disconnect()
        raise
