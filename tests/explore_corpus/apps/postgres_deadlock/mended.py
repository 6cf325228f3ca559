"""A transfer. After a deadlock the whole transaction is tried again."""
import os
import time

import psycopg


def transfer(source, target, cents):
    for attempt in range(3):
        try:
            with psycopg.connect(os.environ['DATABASE_URL']) as connection:
                connection.execute('UPDATE accounts SET cents = cents - %s WHERE name = %s', (cents, source))
                connection.execute('UPDATE accounts SET cents = cents + %s WHERE name = %s', (cents, target))
            return
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
