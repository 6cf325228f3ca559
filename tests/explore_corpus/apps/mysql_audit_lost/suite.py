"""A user logs in."""
import mysql_audit_lost
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    connection = mysql_audit_lost.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE IF NOT EXISTS audit (what text)')


def test_log_in():
    assert mysql_audit_lost.log_in('ann')
