"""A fault that is switched off is off: also one that was drawn before, and waited for a request that it fits."""
import http.client

import pytest

from tests.support.unit_of_time import PATIENCE


@pytest.fixture
def connection(daemon):
    proxy = daemon.create('switched-off', 'embedded', 'http')
    client = http.client.HTTPConnection(proxy.host, proxy.port, timeout=PATIENCE)
    yield proxy, client
    client.close()
    daemon.client.remove(proxy.name)


def ask(client, method):
    client.request(method, '/')
    with client.getresponse() as answer:
        return len(answer.read())


def test_an_error_that_waits_for_a_request_ends_with_its_block(connection):
    proxy, client = connection
    with proxy.behavior('error', kind='truncated'):
        assert ask(client, 'HEAD') == 0     # it has no body that could end too early, so the error waits
    assert ask(client, 'GET') > 0
    assert proxy.faults == []


def test_an_error_that_waits_for_a_request_meets_it_within_its_block(connection):
    proxy, client = connection
    with proxy.behavior('error', kind='truncated'):
        ask(client, 'HEAD')
        with pytest.raises(http.client.IncompleteRead):
            ask(client, 'GET')
    assert [fault.request for fault in proxy.faults] == ['GET /']
