"""A user signs up."""
import os
import uuid

import postgres_own_row
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS users (name text PRIMARY KEY, token uuid)')


def test_sign_up():
    postgres_own_row.sign_up(uuid.uuid4().hex)
