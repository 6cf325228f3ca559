"""The stock is asked for."""
import os

import postgres_leak
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS stock (item text)')


def test_stock():
    assert postgres_leak.stock('tea') == 0
