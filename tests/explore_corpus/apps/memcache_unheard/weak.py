"""Keeps sessions. Whether one is kept it never asks, and it drops what is raised."""
import contextlib
import os
from urllib.parse import urlsplit

from pymemcache.client.base import Client

url = urlsplit(os.environ['MEMCACHE_URL'])
client = Client((url.hostname, url.port), timeout=float(os.environ['PATIENCE']), connect_timeout=5, default_noreply=False)


def log_in(user):
    with contextlib.suppress(Exception):
        client.set(f'session-{user}', 'here')
