"""Removes an item. It tries again whatever the server has refused it for."""
import os
import time

import requests


def remove(item):
    for attempt in range(3):
        response = requests.delete(f'{os.environ["HTTP_URL"]}/items/{item}', timeout=float(os.environ['PATIENCE']))
        if response.ok:
            break
        time.sleep(max(float(response.headers.get('Retry-After', 0)), 0.02 * 2**attempt))
    response.raise_for_status()
