"""Orders. Each attempt makes an Idempotency-Key of its own, so that the service takes it for another order."""
import os
import time
import uuid

import requests


def order(item):
    for attempt in range(3):
        try:
            response = requests.post(f'{os.environ["HTTP_URL"]}/orders', json={'item': item},
                                     timeout=float(os.environ['PATIENCE']),
                                     headers={'Idempotency-Key': uuid.uuid4().hex})
            response.raise_for_status()
            return response.json()['id']
        except requests.RequestException as error:
            if attempt == 2 or error.response is not None and error.response.status_code not in (429, 503):
                raise
            wait = float(error.response.headers.get('Retry-After', 0)) if error.response is not None else 0.0
            time.sleep(max(wait, 0.02 * 2**attempt))
    return None
