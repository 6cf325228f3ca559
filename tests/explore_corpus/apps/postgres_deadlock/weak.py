"""A transfer. A deadlock, of which the server says that it is worth another try, ends it."""

import postgres_limit


def transfer(source, target, cents):
    with postgres_limit.connect() as connection:
        connection.execute('UPDATE accounts SET cents = cents - %s WHERE name = %s', (cents, source))
        connection.execute('UPDATE accounts SET cents = cents + %s WHERE name = %s', (cents, target))
