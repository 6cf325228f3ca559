"""Times in bounded memory: how exact they are."""
import random

import pytest

from vaurien.scenario.counts.histogram import LAST, MOST, Histogram


def filled(times):
    found = Histogram()
    for seconds in times:
        found.add(seconds)
    return found


@pytest.mark.parametrize('spread', [0.1, 1, 3])
def test_quantiles_are_within_one_percent(spread):
    draw = random.Random(1)
    times = sorted(draw.lognormvariate(-5, spread) for _ in range(5000))
    found = filled(times)
    for share in (0.01, 0.5, 0.9, 0.99, 1):
        exact = times[max(0, round(share * len(times)) - 1)]
        assert found.quantile(share) == pytest.approx(exact, rel=0.0101)


def test_the_longest_is_exact_and_no_quantile_is_above_it():
    found = filled([0.001] * 9 + [0.123456])
    assert found.highest == 0.123456
    assert found.quantile(1) <= found.highest
    assert filled([0.2]).quantile(0.5) == pytest.approx(0.2, rel=0.01)


def test_without_times_there_is_no_quantile():
    assert Histogram().quantile(0.5) is None


def test_memory_is_bounded_whatever_comes():
    draw = random.Random(2)
    found = filled([0, -1, 1e-9, 1e9, MOST, *(10 ** draw.uniform(-8, 8) for _ in range(10_000))])
    assert len(found._buckets) <= LAST + 1
    assert found.quantile(0) is not None


def test_two_are_as_one_that_had_all_of_it():
    first, second = [0.01 * number for number in range(1, 50)], [0.5, 3, 0.001]
    merged, whole = filled(first), filled([*first, *second])
    merged.merge(filled(second))
    assert (merged._buckets, merged.count, merged.highest) == (whole._buckets, whole.count, whole.highest)
