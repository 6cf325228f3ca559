"""``vaurien explore`` finds the weaknesses of small applications before six real servers, and none in their mended twins."""
from tests.explore_corpus.pairs import PARTS
from tests.explore_corpus.run import tried


def test_a_third_of_the_corpus(tmp_path):
    outcome = tried(tmp_path, PARTS[0])
    assert not outcome.missed
    assert not outcome.wrong
