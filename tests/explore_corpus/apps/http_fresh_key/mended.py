"""Orders. All attempts have one Idempotency-Key, so that the service knows them for one order."""
import os
import time
import uuid

import requests


def order(item):
    key = uuid.uuid4().hex
    for attempt in range(3):
        try:
            response = requests.post(f'{os.environ["HTTP_URL"]}/orders', json={'item': item},
                                     timeout=float(os.environ['PATIENCE']),
                                     headers={'Idempotency-Key': key})
            response.raise_for_status()
            return response.json()['id']
        except requests.RequestException as error:
            if attempt == 2 or error.response is not None and error.response.status_code not in (429, 503):
                raise
            wait = float(error.response.headers.get('Retry-After', 0)) if error.response is not None else 0.0
            time.sleep(max(wait, 0.02 * 2**attempt))
    return None
