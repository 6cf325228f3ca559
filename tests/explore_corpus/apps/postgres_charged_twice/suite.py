"""A card is charged."""
import os
import uuid

import postgres_charged_twice
import psycopg
import pytest


@pytest.fixture(scope='session', autouse=True)
def table():
    with psycopg.connect(os.environ['DATABASE_URL'], autocommit=True) as connection:
        connection.execute('CREATE TABLE IF NOT EXISTS charges (order_id uuid, cents int)')
        connection.execute('CREATE TABLE IF NOT EXISTS order_charges (order_id uuid PRIMARY KEY, cents int)')


def test_charge():
    postgres_charged_twice.charge(uuid.uuid4(), 500)
