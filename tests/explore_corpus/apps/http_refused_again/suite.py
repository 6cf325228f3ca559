"""An item is removed."""
import http_refused_again


def test_remove():
    http_refused_again.remove('tea')
