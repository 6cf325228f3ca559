"""A profile is saved."""
import redis_swallowed


def test_save():
    redis_swallowed.save('ann', 'likes tea')
