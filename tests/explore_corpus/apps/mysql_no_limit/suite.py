"""Visits are counted."""
import mysql_no_limit
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    connection = mysql_no_limit.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE IF NOT EXISTS visits (at int)')


def test_visits():
    assert mysql_no_limit.visits() == 0
