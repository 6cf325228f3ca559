"""A pool. A connection comes back to it however its query ends, or is closed."""
import os
import time

import psycopg

idle, busy = [], set()


def ask(query, *parameters):
    connection = idle.pop() if idle else psycopg.connect(os.environ['DATABASE_URL'], autocommit=True)
    busy.add(connection)
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        busy.remove(connection)
        if not connection.closed:
            idle.append(connection)


def stock(item):
    for attempt in range(3):
        try:
            return ask('SELECT count(*) FROM stock WHERE item = %s', item)[0][0]
        except psycopg.Error:
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
    return None
