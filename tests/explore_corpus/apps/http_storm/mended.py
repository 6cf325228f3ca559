"""Publishes an article, and tries it three times."""
import os
import time

import requests


def publish(article):
    for attempt in range(3):
        response = requests.put(f'{os.environ["HTTP_URL"]}/articles', json={'text': article},
                                timeout=float(os.environ['PATIENCE']))
        if response.status_code != 503:
            break
        time.sleep(max(float(response.headers.get('Retry-After', 0)), 0.02 * 2**attempt))
    response.raise_for_status()
