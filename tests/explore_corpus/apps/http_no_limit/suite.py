"""A rate is asked for."""
import http_no_limit


def test_rate():
    assert http_no_limit.rate('EUR') == 1.5
