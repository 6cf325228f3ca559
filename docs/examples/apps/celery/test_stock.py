"""The tests of the application, with a real worker. They know nothing of faults."""
import pytest
from celery.contrib.testing.worker import start_worker
from stock import app, sell, stock


@pytest.fixture
def worker():
    with start_worker(app, pool='solo', perform_ping_check=False):
        yield


def test_a_pen_is_sold(worker):
    stock.set('stock:pen', 10)
    assert sell.delay('pen').get(timeout=30) == 9
