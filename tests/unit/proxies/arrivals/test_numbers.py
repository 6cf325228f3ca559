"""The numbers of sessions that several processes share."""
import pytest

from vaurien.proxies.arrivals.numbers import ALONE, Share


def test_alone_all_numbers_come():
    assert (ALONE.alone, ALONE.last('any')) == (True, 0)


@pytest.mark.parametrize('workers', [1, 2, 3, 7])
@pytest.mark.parametrize('after', [0, 1, 2, 3, 6, 7, 100])
def test_no_number_comes_twice_and_none_again(workers, after):
    found = [number for worker in range(1, workers + 1)
             for number in range(Share(worker, workers, {'one': after}).last('one') + workers, after + 50, workers)]
    assert len(found) == len(set(found))
    assert set(found) == set(range(after + 1, after + 50))
