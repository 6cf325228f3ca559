"""Sessions. After a failover it connects anew, and so finds the new primary."""
import time

import postgres_limit
import psycopg

connections = []


def connection():
    if not connections or connections[0].closed:
        connections[:] = [postgres_limit.connect(autocommit=True)]
    return connections[0]


def touch(session):
    for attempt in range(3):
        try:
            return connection().execute('UPDATE sessions SET seen = 1 WHERE name = %s', (session,))
        except psycopg.errors.ReadOnlySqlTransaction:
            time.sleep(0.02 * 2**attempt)
            connection().close()
    return connection().execute('UPDATE sessions SET seen = 1 WHERE name = %s', (session,))
