"""The table of what explorations have cost is one that the tools write, and names what they explore."""
import csv

import pytest

from tests.explore_corpus.cost import COLUMNS, write_cost
from tests.explore_corpus.pairs import MENDED, PARTS, WEAK
from tests.suites.explored import EXPLORED

from .blocks import DOCS

TABLE = DOCS / 'reference' / 'explore-cost.csv'
REPORT = {'baseline': {'tests': 3, 'requests': 9, 'sites': 2}, 'points': 40, 'faults': 8, 'left': 2, 'runs': 12, 'confirming': 3,
          'seconds': 1.6}


def lines(path):
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_the_table_has_each_suite_once():
    names = [f'corpus, part {number}, {twin}' for number in range(1, len(PARTS) + 1) for twin in (WEAK, MENDED)]
    names += [f'{name} {one.suite.version}' for name, one in EXPLORED.items()]
    found = lines(TABLE)
    assert sorted(one['suite'] for one in found) == sorted(names)
    assert all(tuple(one) == COLUMNS for one in found)


@pytest.mark.parametrize('one', lines(TABLE), ids=lambda one: one['suite'])
def test_a_level_tries_fewer_faults_than_there_are_and_makes_fewer_runs(one):
    numbers = {key: int(value) for key, value in one.items() if key != 'suite' and value}
    assert numbers.get('points', numbers['faults']) >= numbers['faults'] >= numbers['tried']
    assert numbers['runs'] - numbers.get('of these to confirm', 0) < numbers['tried']


def test_a_line_is_written_anew_and_others_stay(tmp_path):
    path = tmp_path / 'cost.csv'
    write_cost(path, 'one', REPORT)
    write_cost(path, 'other', REPORT)
    write_cost(path, 'one', {**REPORT, 'runs': 13})
    assert [one['suite'] for one in lines(path)] == ['one', 'other']
    assert list(lines(path)[0].values()) == ['one', '3', '9', '2', '40', '8', '6', '13', '3', '2']
