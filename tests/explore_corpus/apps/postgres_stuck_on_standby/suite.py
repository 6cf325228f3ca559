"""A session is used."""
import os

import postgres_stuck_on_standby
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS sessions (name text, seen int)')


def test_touch():
    postgres_stuck_on_standby.touch('ann')
