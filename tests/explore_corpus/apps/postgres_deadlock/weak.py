"""A transfer. A deadlock, of which the server says that it is worth another try, ends it."""
import os

import psycopg


def transfer(source, target, cents):
    with psycopg.connect(os.environ['DATABASE_URL']) as connection:
        connection.execute('UPDATE accounts SET cents = cents - %s WHERE name = %s', (cents, source))
        connection.execute('UPDATE accounts SET cents = cents + %s WHERE name = %s', (cents, target))
