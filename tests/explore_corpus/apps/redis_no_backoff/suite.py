"""A page is remembered."""
import redis_no_backoff


def test_remember():
    redis_no_backoff.remember('/index')
