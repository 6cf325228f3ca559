"""An article is published."""
import http_storm


def test_publish():
    http_storm.publish('news')
