"""A flag is set."""
import redis_storm


def test_flag():
    redis_storm.set_flag('dark-mode')
