"""It asks who it is."""
import http_wrong_error


def test_name():
    assert http_wrong_error.name() == 'ann'
