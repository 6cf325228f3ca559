"""A setting is read."""
import redis_no_limit


def test_theme():
    assert redis_no_limit.theme() == b'light'
