"""Charges a card. An order whose response was lost is charged twice."""
import time

import postgres_limit
import psycopg

INSERT = 'INSERT INTO charges (order_id, cents) VALUES (%s, %s)'


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
