"""A score is set."""
import redis_crash


def test_score():
    redis_crash.set_score('ann', 1)
