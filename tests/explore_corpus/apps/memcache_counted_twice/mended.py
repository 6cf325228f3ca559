"""Counts downloads. One that may have been counted is not counted again."""
import os
from urllib.parse import urlsplit

from pymemcache.client.base import Client

url = urlsplit(os.environ['MEMCACHE_URL'])
client = Client((url.hostname, url.port), timeout=float(os.environ['PATIENCE']), connect_timeout=5, default_noreply=False)


def count(key):
    return client.incr(key, 1)
