"""A short hunt; ``make hunt MINUTES=60`` is a long one."""
import pytest

from tests.conftest import running
from tests.hunt import clients, run
from tests.hunt.planted import PLANTS
from tests.support.unit_of_time import MS


@pytest.fixture
def server(protocol):
    yield from running(run.subject_of(protocol).server)


@pytest.mark.parametrize('protocol', run.PROTOCOLS)
def test_no_answer_is_wrong(protocol, server):
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
