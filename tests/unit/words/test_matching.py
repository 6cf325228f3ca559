"""Expressions are found where ``re`` finds them, and in no more time than the length of a text."""
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaurien.words import matching
from vaurien.words.matching import MAX_NODES, MAX_PATTERN, Automaton, Beginning, compile_bounded

#: what takes ``re`` longer than anyone waits for, and a text in which it is so
CATASTROPHES = {
    '(a+)+$': 'a' * 100 + 'b',
    '(a*)*b': 'a' * 100,
    '(a|a)*b': 'a' * 100,
    '(a|aa)+$': 'a' * 100 + 'b',
    '(.*)(.*)(.*)(.*)(.*)(.*)x': 'a' * 1000,
    r'^(\w+\s?)*$': 'a' * 100 + '!',
    '(a?){50}a{50}b': 'a' * 60,
    '(a|a)' * 40 + 'b': 'a' * 60,
    '(([a-z])+.)+[A-Z]([a-z])+$': '1' * 50 + 'a' * 100 + '\n\n',
}


@pytest.mark.parametrize('text', ['', 'GET /', 'GET /api/v1', 'SET|DEL|GET', '^GET ', '^(?!GET)', r'\bget\b', 'a{3}', '[a-z]/$'])
def test_what_hardly_ever_chooses_is_left_to_re(text):
    assert isinstance(compile_bounded(text), re.Pattern)


@pytest.mark.parametrize('text', ['a+', '.*', 'GET /a/.*', '(ab|cd)(ef|gh)', '(ab){2}x?', *CATASTROPHES])
def test_what_chooses_is_searched_in_all_ways_at_once(text):
    assert isinstance(compile_bounded(text), Automaton)


@pytest.mark.parametrize('text, searched', CATASTROPHES.items(), ids=CATASTROPHES)
def test_no_text_takes_longer_than_its_length(text, searched):
    found, begun = compile_bounded(text), time.process_time()
    assert found.search(searched) is None
    assert found.search(searched * 10) is None
    assert time.process_time() - begun < 5  # re would take years


@pytest.mark.parametrize('text', ['^(?!GET).*x', r'(a)\1.*', 'a(?=b+)', '(?>a+)b', 'a++b'])
def test_what_looks_around_or_back_is_searched_in_the_beginning(text):
    found = compile_bounded(text)
    assert isinstance(found, Beginning)
    for searched in ('', 'aax', 'ab', 'abb', 'GETx', 'PUTx'):
        assert bool(found.search(searched)) == bool(re.search(text, searched, re.IGNORECASE))


@pytest.mark.parametrize('text', ['(', 'a' * (MAX_PATTERN + 1), r'(a*)*\1', '(?=(a+)+)b', f'(a?){{{MAX_NODES}}}',
                                  '(((x{9}){9}){9}){9}y?z?', '(?P<a>x*)(?(a)y|z*)'])
def test_what_is_no_expression_or_has_no_bound_is_refused(text):
    with pytest.raises(ValueError, match='.'):
        compile_bounded(text)


ATOMS = ['a', 'B', '.', r'\w', r'\s', '[ab]', '[^a]', '^', '$', r'\b', r'\B', r'\A', r'\Z', '\n', '', 'é', '(?-i:a)', '(?s:.)',
         '(?m:^)', '(?m:$)', r'(?a:\b)', r'(?a:\w)', '_']
EXPRESSIONS = st.recursive(st.sampled_from(ATOMS), lambda inner: st.one_of(
    st.lists(inner, min_size=2, max_size=3).map(''.join),
    st.lists(inner, min_size=2, max_size=3).map('|'.join).map('({})'.format),
    st.tuples(inner, st.sampled_from(['*', '+', '?', '*?', '{2}', '{1,2}', '{0,2}?', '{2,}'])).map(
        lambda pair: '(?:{}){}'.format(*pair)),
), max_leaves=6)
TEXTS = st.text('aAbB \n_éÉ!', max_size=8)


@settings(max_examples=500)
@given(EXPRESSIONS, st.lists(TEXTS, min_size=1, max_size=4))
def test_it_is_found_where_re_finds_it(text, searched):
    automaton = Automaton(matching._parser.parse(text, re.IGNORECASE))
    for each in (*searched, *searched):
        assert bool(automaton.search(each)) == bool(re.search(text, each, re.IGNORECASE)), each


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(matching, 'MAX_REMEMBERED', 50)
    found = compile_bounded('(x|y)+é')
    for number in range(500):
        assert found.search(f'{chr(1000 + number)}yé')
        assert not found.search(f'{chr(1000 + number)}xz')
        assert found.remembered <= 50
        assert len(found._start) <= 50
