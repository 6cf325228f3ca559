"""A member whose clock is stepped, and no other clock: its faults last as long as they should."""
import os

import pytest

from tests.cluster.clock import DAY, step
from tests.cluster.crowd import crowd
from tests.support.etcd import etcd_servers
from tests.support.processes import MissingServer

TTL = 3     #: [s] the least is 2, in which a busy machine may hold up a member


@pytest.fixture(scope='module')
def stepped():
    """A cluster with one member, which has a clock of its own."""
    try:
        with etcd_servers(1) as etcd, crowd(etcd, 'stepped', TTL, real=1, clock=True) as members:
            yield members
    except MissingServer as error:
        if os.environ.get('VAURIEN_REQUIRE_SERVERS') == '1':
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize('seconds', [DAY, -30 * DAY], ids=['forward', 'back'])
def test_a_fault_lasts_as_long_as_it_should_while_the_clock_is_stepped(stepped, seconds):
    row = step(stepped, seconds, 'here')
    assert row.claim == TTL + 1
    assert row.kept, row
    assert row.relayed.total
