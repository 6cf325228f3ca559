"""A rank is set."""
import redis_stuck_on_replica


def test_rank():
    redis_stuck_on_replica.set_rank('ann', 1)
