"""A session is kept."""
import memcache_unheard


def test_log_in():
    memcache_unheard.log_in('ann')
