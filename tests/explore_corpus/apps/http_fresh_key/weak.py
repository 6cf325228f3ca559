"""Orders. Each attempt makes an Idempotency-Key of its own, so that the service takes it for another order."""
import os
import time
import uuid

import httpx

WAITS = 0.02, 0.05, 0.0     #: [seconds] after an attempt; the last one is not followed by another
AGAIN = 429, 503


def order(item):
    with httpx.Client(base_url=os.environ['HTTP_URL'], timeout=float(os.environ['PATIENCE'])) as client:
        for wait in WAITS:
            try:
                response = client.post('/orders', json={'item': item}, headers={'Idempotency-Key': uuid.uuid4().hex})
                if response.status_code not in AGAIN or not wait:
                    return response.raise_for_status().json()['id']
                wait = max(wait, float(response.headers.get('Retry-After', wait)))
            except httpx.TransportError:
                if not wait:
                    raise
            time.sleep(wait)
    return None
