"""``vaurien explore`` finds the weaknesses of small applications before six real servers, and none in their mended twins."""
import pytest

from tests.explore_corpus.pairs import EVERY, PARTS
from tests.explore_corpus.run import tried


def test_a_third_of_the_corpus(tmp_path):
    outcome = tried(tmp_path, PARTS[0])
    assert not outcome.missed
    assert not outcome.wrong


@pytest.mark.parametrize('name, shape, letter', [('smtp_sent_twice', '.*', 'C')])
def test_one_more_server_at_one_request(name, shape, letter, tmp_path):
    outcome = tried(tmp_path, [EVERY[name]], '--only', shape, '--classes', letter)
    assert not outcome.missed
    assert not outcome.wrong
