"""Saves a profile. An error is logged, and the caller hears that all is well."""
import logging
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

client = redis.Redis.from_url(os.environ['REDIS_URL'], socket_timeout=float(os.environ['PATIENCE']), retry=Retry(NoBackoff(), 0))


def save(user, text):
    try:
        client.hset('profiles', user, text)
    except redis.RedisError:
        logging.exception('profile of %s', user)
