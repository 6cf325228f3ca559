"""A short hunt; ``make hunt MINUTES=60`` is a long one."""
import contextlib

import pytest

from tests.hunt import clients, run
from tests.hunt.planted import PLANTS
from tests.support.unit_of_time import MS

#: the fixture that runs the server of each protocol
SERVERS = {'tcp': 'echo_server', 'http': 'nginx_server', 'redis': 'redis_server', 'memcache': 'memcached_server'}


@pytest.mark.parametrize('protocol', run.PROTOCOLS)
def test_no_answer_is_wrong(protocol, request):
    with contextlib.ExitStack() as stack:
        known = SERVERS.get(protocol)       # the others need a server with tables, or without a password
        server = request.getfixturevalue(known) if known else stack.enter_context(run.subject_of(protocol).server())
        report = run.hunt(protocol, server.address, seed=1, step=1, seconds=1_500 * MS)
    assert report.failures == []
    assert report.counts['sessions'] > 5
    assert report.counts['requests'] > 20


@pytest.mark.parametrize('plant', PLANTS)
def test_a_proxy_that_is_wrong_on_purpose_is_found_and_its_schedule_printed(plant, redis_server, monkeypatch):
    monkeypatch.setattr(clients, 'PATIENCE', 500 * MS)
    monkeypatch.setattr(run, 'SHRINK', 500 * MS)
    report = run.hunt('redis', redis_server.address, seed=1, step=1, seconds=60_000 * MS, planted=plant)
    assert report.failures
    assert 'python -m tests.hunt --protocol redis --seed' in report.failures[0]
    assert '"moves": [' in report.failures[0]
