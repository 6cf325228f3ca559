"""Keeps sessions. One that cannot be kept is an error."""
import os
from urllib.parse import urlsplit

from pymemcache.client.base import Client

url = urlsplit(os.environ['MEMCACHE_URL'])
client = Client((url.hostname, url.port), timeout=float(os.environ['PATIENCE']), connect_timeout=5, default_noreply=False)


def log_in(user):
    if not client.set(f'session-{user}', 'here'):
        raise OSError('the session is not kept')
