"""A lock. A holder whose response was lost is refused by its own first attempt."""
import os
import time
import uuid
from urllib.parse import urlsplit

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheServerError, MemcacheUnexpectedCloseError

url = urlsplit(os.environ['MEMCACHE_URL'])
client = Client((url.hostname, url.port), timeout=float(os.environ['PATIENCE']), connect_timeout=5, default_noreply=False)


class Busy(Exception):
    """Somebody else has the lock."""


def lock(name):
    token = uuid.uuid4().hex.encode()
    for attempt in range(3):
        try:
            if client.add(f'lock-{name}', token, expire=60):
                return
            raise Busy(name)
        except (OSError, MemcacheServerError, MemcacheUnexpectedCloseError):
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
