"""A fleet with two workers that the test plays."""
from collections.abc import Iterator

import gevent
import pytest

from tests.support.played_workers import Played, played_fleet
from vaurien.workers.mirror import Mirror


@pytest.fixture(autouse=True)
def now() -> None:
    """Let the loop of the main thread know what time it is: it counts from when it ran last, which may be a minute ago."""
    gevent.get_hub().loop.update_now()


@pytest.fixture
def played() -> Played:
    """What plays them."""
    return Played()


@pytest.fixture
def mirror(played: Played) -> Iterator[Mirror]:
    """The fleet."""
    with played_fleet(played) as fleet:
        yield fleet
