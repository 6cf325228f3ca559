"""Asks for the weather. A server that asks it to wait is asked again too soon."""
import os
import time

import requests


def weather():
    for attempt in range(3):
        response = requests.get(f'{os.environ["HTTP_URL"]}/weather', timeout=float(os.environ['PATIENCE']))
        if response.status_code not in (429, 503):
            break
        time.sleep(0.02 * 2**attempt)
    response.raise_for_status()
    return response.json()['sky']
