"""Publishes an article, and tries it without an end."""
import os
import time

import requests


def publish(article):
    while True:
        response = requests.put(f'{os.environ["HTTP_URL"]}/articles', json={'text': article},
                                timeout=float(os.environ['PATIENCE']))
        if response.status_code != 503:
            break
        time.sleep(0.01)
    response.raise_for_status()
