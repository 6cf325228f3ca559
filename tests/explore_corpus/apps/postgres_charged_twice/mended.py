"""Charges a card. An order that is charged already stays as it is."""
import time

import postgres_limit
import psycopg

INSERT = 'INSERT INTO order_charges (order_id, cents) VALUES (%s, %s) ON CONFLICT (order_id) DO NOTHING'


def charge(order, cents):
    for attempt in range(3):
        try:
            with postgres_limit.connect(autocommit=True) as connection:
                connection.execute(INSERT, (order, cents))
            return
        except psycopg.OperationalError:
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
