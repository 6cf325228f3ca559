"""A number is asked for."""
import os

import postgres_wrong_error
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS towers (height int)')


def test_height():
    postgres_wrong_error.height()
