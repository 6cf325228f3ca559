"""A member whose network is cut, in a network namespace of its own: it heals within its TTL, relays on, and finds back."""
import os

import pytest

from tests.cluster.crowd import crowd
from tests.cluster.network import cut_at
from tests.support.etcd import etcd_servers
from tests.support.namespaces import NoNamespaces, namespace
from tests.support.processes import MissingServer

TTL = 2     #: [s] the least that etcd grants


@pytest.fixture(scope='module')
def apart():
    """A cluster with one member behind a cable, and one in front of it."""
    try:
        with namespace() as distance, etcd_servers(1, beside=[distance.near]) as etcd, \
                crowd(etcd, 'apart', TTL, real=2, distance=distance) as members:
            yield members
    except NoNamespaces as error:   # a right, which nothing that is installed can give
        pytest.skip(str(error))
    except MissingServer as error:
        if os.environ.get('VAURIEN_REQUIRE_SERVERS') == '1':
            raise
        pytest.skip(str(error))


def test_a_member_whose_network_is_cut_heals_relays_on_and_finds_back(apart):
    healed, back, heard = cut_at(apart, far=False, where='here')
    assert healed.claim == TTL + 1
    for row in (healed, back, heard):
        assert row.kept, row
    assert healed.relayed.total
