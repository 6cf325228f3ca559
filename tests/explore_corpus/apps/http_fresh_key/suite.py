"""Something is ordered."""
import http_fresh_key


def test_order():
    assert http_fresh_key.order('a book')
