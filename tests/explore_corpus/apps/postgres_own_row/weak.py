"""Signs a user up. One whose response was lost hears that the name is taken: by himself."""
import time
import uuid

import postgres_limit
import psycopg


class NameTaken(Exception):
    """Somebody else has the name."""


def sign_up(name):
    token = uuid.uuid4()
    for attempt in range(3):
        try:
            with postgres_limit.connect(autocommit=True) as connection:
                try:
                    connection.execute('INSERT INTO users (name, token) VALUES (%s, %s)', (name, token))
                except psycopg.errors.UniqueViolation:
                    raise NameTaken(name) from None
            return
        except psycopg.OperationalError:
            if attempt == 2:
                raise
            time.sleep(0.02 * 2**attempt)
