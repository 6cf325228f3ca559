"""A pool. A connection comes back to it however its query ends, or is closed."""
import time

import postgres_limit
import psycopg

idle, busy = [], set()


def ask(query, *parameters):
    connection = idle.pop() if idle else postgres_limit.connect(autocommit=True)
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
