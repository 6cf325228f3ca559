"""A job is put."""
import redis_job_twice


def test_put():
    redis_job_twice.put('a job')
