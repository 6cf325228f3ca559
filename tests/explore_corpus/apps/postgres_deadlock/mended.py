"""A transfer. After a deadlock the whole transaction is tried again."""
import time

import postgres_limit
import psycopg


def transfer(source, target, cents):
    for attempt in range(3):
        try:
            with postgres_limit.connect() as connection:
                connection.execute('UPDATE accounts SET cents = cents - %s WHERE name = %s', (cents, source))
                connection.execute('UPDATE accounts SET cents = cents + %s WHERE name = %s', (cents, target))
            return
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
