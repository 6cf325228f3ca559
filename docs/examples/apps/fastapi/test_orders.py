"""The tests of the application. They know nothing of faults."""
import pytest
from fastapi.testclient import TestClient
from orders import Base, Order, app, engine
from sqlalchemy import select
from sqlalchemy.orm import Session


@pytest.fixture
def client():
    admin = engine.execution_options(isolation_level='AUTOCOMMIT')
    Base.metadata.drop_all(admin)
    Base.metadata.create_all(admin)
    return TestClient(app)


def ask(client, **order):
    """Order as clients do: up to three times."""
    for _ in range(3):
        response = client.post('/orders', params=order)
        if response.status_code != 503:
            break
    return response.status_code


def test_what_is_ordered_is_kept_once(client):
    assert ask(client, key='a1', item='pen') == 201
    with Session(engine) as session:
        assert session.scalars(select(Order.item)).all() == ['pen']
