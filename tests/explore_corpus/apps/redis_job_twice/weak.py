"""Queues jobs. The client tries again whatever happens, so that a job whose reply was lost is queued twice."""
import os

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

queue = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']),
                             retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), 2))


def put(job):
    queue.rpush('jobs', job)
