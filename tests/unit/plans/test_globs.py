"""Patterns of a plan: a star and nothing else is special, in any case, and whatever the text is."""
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.plans.globs import Glob, any_of

MATCHED = [
    ('*', ''), ('*', 'GET /items?x=1'), ('**', 'x'), ('', ''), ('SET *', 'SET key'), ('set *', 'SET key'), ('SET *', 'set KEY'),
    ('*key', 'SET key'), ('S*y', 'SET key'), ('*E*', 'SET key'),
    ('SELECT * FROM t WHERE a[?] = ?', 'SELECT b FROM t WHERE a[?] = ?'), ('SET ?', 'SET ?'),
    ('[a-z]', '[A-Z]'), ('a\\b', 'A\\B'), ('a*a', 'aa'), ('*ab*ab*', 'abab'), ('*a', 'ba\na'), ('straße', 'STRASSE'),
]
UNMATCHED = [
    ('', 'x'), ('SET', 'SET key'), ('SET *', 'SET'), ('SET ?', 'SET 1'), ('[a-z]', 'b'), ('a*a', 'a'), ('*ab*ab*', 'aba'),
    ('a.c', 'abc'), ('*b', 'a'), ('b*', 'a'),
]
LETTERS = st.text('aA*?b', max_size=8)


@pytest.mark.parametrize('pattern, text', MATCHED)
def test_a_pattern_matches(pattern, text):
    assert Glob(pattern).matches(text)


@pytest.mark.parametrize('pattern, text', UNMATCHED)
def test_a_pattern_does_not_match(pattern, text):
    assert not Glob(pattern).matches(text)


@given(LETTERS, LETTERS)
def test_it_matches_what_the_same_regular_expression_does(pattern, text):
    same = re.compile('.*'.join(map(re.escape, pattern.split('*'))), re.IGNORECASE | re.DOTALL)
    assert Glob(pattern).matches(text) == bool(same.fullmatch(text))


@pytest.mark.parametrize('patterns', [[], ['api'], ['API', 'a*'], ['*'], ['a*', '*b'], ['api', 'db', 'api']])
def test_one_of_many_matches_where_one_of_them_does(patterns):
    matches = any_of(patterns)
    for text in ('api', 'Api', 'apix', 'db', 'xb', '', 'İ'):
        assert matches(text) == any(Glob(pattern).matches(text) for pattern in patterns)
