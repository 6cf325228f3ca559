"""Ranks. After a failover it connects anew, and so finds the new primary."""
import os
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def set_rank(player, rank):
    for attempt in range(3):
        try:
            return client.zadd('ranks', {player: rank})
        except redis.ReadOnlyError:
            time.sleep(0.02 * 2**attempt)
            client.connection_pool.disconnect()
    return client.zadd('ranks', {player: rank})
