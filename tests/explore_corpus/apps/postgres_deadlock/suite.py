"""Money is transferred."""
import os

import postgres_deadlock
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS accounts (name text, cents int)')


def test_transfer():
    postgres_deadlock.transfer('ann', 'bob', 5)
