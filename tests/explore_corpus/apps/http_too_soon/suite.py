"""The weather is asked for."""
import http_too_soon


def test_weather():
    assert http_too_soon.weather() == 'blue'
