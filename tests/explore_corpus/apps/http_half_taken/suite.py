"""An export is read."""
import http_half_taken


def test_lines():
    assert http_half_taken.lines()
