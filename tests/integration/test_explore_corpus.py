"""``vaurien explore`` finds the weaknesses of small applications before six real servers, and none in their mended twins."""
import pytest

from tests.explore_corpus.pairs import EVERY, PARTS
from tests.explore_corpus.run import tried

from .test_explore import ALL_CASES

#: one before each server, at the failures that do most harm
SHORT = [EVERY[name] for name in ('redis_job_twice', 'postgres_own_row', 'mysql_withdrawn_twice', 'memcache_counted_twice',
                                  'smtp_sent_twice', 'http_fresh_key')]


@pytest.mark.parametrize('pairs, options', [
    (SHORT, ['--classes', 'C']),
    pytest.param(PARTS[0], [], marks=[ALL_CASES, pytest.mark.timeout(1200)]),
], ids=['short', 'third'])
def test_weaknesses_are_found_and_nothing_in_mended_twins(pairs, options, tmp_path):
    outcome = tried(tmp_path, pairs, *options)
    assert not outcome.missed
    assert not outcome.wrong
