"""Following a vaurien that is there, goes, and has a proxy to be watched."""
import threading

import pytest

from tests.support.control_client import steering
from tests.support.hosting import spec_for
from tests.support.unit_of_time import PATIENCE
from vaurien.client import Client
from vaurien.ctl.screen import following as module
from vaurien.ctl.screen.following import Following


class Heard:
    """What was told, to be waited for."""

    def __init__(self):
        self.names, self.changed = [], threading.Condition()

    def __call__(self, name, data):
        with self.changed:
            self.names.append(name)
            self.changed.notify_all()

    def wait_for(self, name, count=1):
        with self.changed:
            assert self.changed.wait_for(lambda: self.names.count(name) >= count, PATIENCE), self.names


@pytest.fixture
def heard():
    return Heard()


def test_it_hears_of_proxies_and_of_the_requests_of_the_one_that_is_watched(heard):
    with steering(spec_for('127.0.0.1:9')) as server:
        following = Following(Client('127.0.0.1', server.port), heard)
        following.start()
        heard.wait_for('stats')
        assert 'requests' not in heard.names
        following.watch('default')
        heard.wait_for('requests')
        following.stop()


def test_it_says_that_nobody_responds_and_comes_back(heard, monkeypatch):
    monkeypatch.setattr(module, 'PAUSE', 0.01)
    with steering(spec_for('127.0.0.1:9')) as server:
        client = Client('127.0.0.1', 1)
        following = Following(client, heard)
        following.start()
        heard.wait_for('lost', 2)
        client.channel.port = server.port
        heard.wait_for('hello')
        following.stop()
