"""A download is counted."""
import memcache_counted_twice
import pytest


@pytest.fixture(scope='session', autouse=True)
def counter():
    memcache_counted_twice.client.set('downloads', '0')


def test_count():
    assert memcache_counted_twice.count('downloads') > 0
