"""Reads a setting, and waits for ever for a server that is silent."""
import os

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

settings = redis.Redis.from_url(os.environ['REDIS_URL'], retry=Retry(NoBackoff(), 0), socket_timeout=None)


def theme():
    return settings.hget('settings', 'theme') or b'light'
