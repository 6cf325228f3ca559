"""Counts downloads. One whose response was lost is counted twice."""
import os
import time
from urllib.parse import urlsplit

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheError

url = urlsplit(os.environ['MEMCACHE_URL'])
client = Client((url.hostname, url.port), timeout=float(os.environ['PATIENCE']), connect_timeout=5, default_noreply=False)


def count(key):
    for attempt in range(3):
        try:
            return client.incr(key, 1)
        except (OSError, MemcacheError):
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
    return None
