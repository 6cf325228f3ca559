"""How late an exchange is, drawn from generators with fixed seeds."""
from random import Random
from typing import Any

import pytest

from vaurien.behaviors.delay import Delay
from vaurien.errors import ConfigError

COUNT = 10_000


class Asked:
    """Stands in for a protocol object: each time it is asked, another exchange is under way."""

    def __init__(self) -> None:
        self.number = 0
        self.session = self

    def random_of(self, exchange: Any) -> Random:
        self.number += 1
        return Random(f'7/{self.number}')


def drawn(**settings: Any) -> list[float]:
    protocol, delay = Asked(), Delay(settings)
    return sorted(delay.seconds(protocol, None) for _ in range(COUNT))


def test_a_plain_delay_draws_nothing() -> None:
    protocol = Asked()
    assert Delay({'sleep': 3}).seconds(protocol, None) == 3
    assert protocol.number == 0


def test_a_uniform_delay_is_anything_between() -> None:
    found = drawn(sleep=1, to=3)
    assert 1 <= found[0] < 1.001
    assert 2.999 < found[-1] <= 3
    assert [sum(at <= value < at + 0.5 for value in found) for at in (1, 1.5, 2, 2.5)] == [2463, 2554, 2456, 2527]
    assert drawn(sleep=0, to=0) == [0] * COUNT


def test_a_lognormal_delay_has_its_median_and_its_99th_percentile() -> None:
    found = drawn(sleep=0.2, p99=2)
    assert (sum(value < 0.2 for value in found), sum(value < 2 for value in found)) == (5036, 9895)
    assert 0 < found[0] < 0.2 / 10
    assert found[-1] > 4
    assert {round(value, 9) for value in drawn(sleep=2, p99=2)} == {2}


def test_the_same_seed_gives_the_same() -> None:
    assert drawn(sleep=0.1, p99=1) == drawn(sleep=0.1, p99=1)


@pytest.mark.parametrize('settings, words', [
    ({'sleep': 2, 'to': 1}, 'to: 1.* at least as much as sleep, which is 2'),
    ({'p99': 0.5}, 'at least as much as sleep, which is 1'), ({'sleep': 0, 'p99': 1}, 'more than 0 beside p99'),
    ({'to': 2, 'p99': 2}, 'no to beside it'), ({'to': -1}, 'a number of at least 0')])
def test_what_makes_no_spread_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Delay(settings)
