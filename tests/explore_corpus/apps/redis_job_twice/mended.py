"""Queues jobs. The client tries again, and a job that is queued already stays as it is."""
import os
import time

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

queue = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']),
                             retry=Retry(ExponentialBackoff(cap=0.1, base=0.02), 2))


def put(job):
    queue.zadd('queued-jobs', {job: time.time()}, nx=True)
