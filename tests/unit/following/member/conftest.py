"""What unit tests of a member share."""
from collections.abc import Iterator

import pytest

from tests.support.orders import BASE
from vaurien.following.follower import Follower
from vaurien.proxies.fleet import Fleet


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    fleet = Fleet(1)
    yield fleet
    fleet.close()


@pytest.fixture
def follower(fleet: Fleet) -> Follower:
    """A follower of a fleet with one proxy, ``api``, of which nothing is wanted."""
    made = Follower(fleet)
    made.become(BASE)
    return made
