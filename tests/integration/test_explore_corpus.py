"""``vaurien explore`` finds the weaknesses of small applications before six real servers, and none in their mended twins."""
import pytest

from tests.explore_corpus.pairs import EVERY, PARTS
from tests.explore_corpus.run import tried

from .test_explore import ALL_CASES


@pytest.mark.parametrize('pairs', [
    [EVERY[name] for name in ('redis_job_twice', 'postgres_own_row', 'http_paid_twice')],
    pytest.param(PARTS[0], marks=[ALL_CASES, pytest.mark.timeout(1200)]),
], ids=['short', 'third'])
def test_weaknesses_are_found_and_nothing_in_mended_twins(pairs, tmp_path):
    outcome = tried(tmp_path, pairs)
    assert not outcome.missed
    assert not outcome.wrong


@pytest.mark.parametrize('name, shape, letter', [('smtp_sent_twice', '.*', 'C')])
def test_one_more_server_at_one_request(name, shape, letter, tmp_path):
    outcome = tried(tmp_path, [EVERY[name]], '--only', shape, '--classes', letter)
    assert not outcome.missed
    assert not outcome.wrong
