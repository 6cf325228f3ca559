"""A fleet with two workers that the test plays."""
from collections.abc import Iterator

import pytest

from tests.support.played_workers import Played, played_fleet
from vaurien.workers.mirror import Mirror


@pytest.fixture
def played() -> Played:
    """What plays them."""
    return Played()


@pytest.fixture
def mirror(played: Played) -> Iterator[Mirror]:
    """The fleet."""
    with played_fleet(played) as fleet:
        yield fleet
