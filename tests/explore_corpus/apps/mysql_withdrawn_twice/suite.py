"""Money is withdrawn."""
import uuid

import mysql_withdrawn_twice
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    connection = mysql_withdrawn_twice.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE IF NOT EXISTS accounts (name char(9), cents int)')
        cursor.execute('CREATE TABLE IF NOT EXISTS withdrawals (id char(32) PRIMARY KEY, account char(9), cents int)')


def test_withdraw():
    mysql_withdrawn_twice.withdraw(uuid.uuid4().hex, 'ann', 5)
