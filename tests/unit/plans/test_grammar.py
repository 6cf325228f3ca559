"""The text of an entry of a plan and back, and what is said of one that is none."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.errors import ConfigError
from vaurien.plans.grammar import WHERE, format_fault, make_fault, quoted, read_fault
from vaurien.spec import FaultSpec

READ = {
    'SET * = readonly': {'request': 'SET *', 'name': 'readonly'},
    '* = hang': {'name': 'hang'},
    '#2 = hang': {'name': 'hang', 'nth': 2},
    '#* = hang': {'name': 'hang', 'nth': 0},
    'cache: SET session:* #2 = lost-reply': {'proxy': 'cache', 'request': 'SET session:*', 'nth': 2, 'name': 'lost-reply'},
    'ca*: GET a = delay sleep=2': {'proxy': 'ca*', 'request': 'GET a', 'name': 'delay', 'settings': {'sleep': '2'}},
    'cache: #3 = hang': {'proxy': 'cache', 'nth': 3, 'name': 'hang'},
    'UPDATE t SET a = ? WHERE b = ? = deadlock': {'request': 'UPDATE t SET a = ? WHERE b = ?', 'name': 'deadlock'},
    'a = = hang': {'request': 'a =', 'name': 'hang'},
    'RCPT TO:<a@b> = mailbox-full': {'request': 'RCPT TO:<a@b>', 'name': 'mailbox-full'},
    '*: SELECT: x #1 = hang': {'request': 'SELECT: x', 'name': 'hang'},
    'SELECT 1 #2 #1 = hang': {'request': 'SELECT 1 #2', 'name': 'hang'},
    'SELECT 1#2 = hang': {'request': 'SELECT 1#2', 'name': 'hang'},
    "GET a = latency latency=100 test='test_a[x y]' count=3 session=4 exchange=5 stage=command match='^GET .$'": {
        'request': 'GET a', 'name': 'latency', 'settings': {'latency': '100'}, 'test': 'test_a[x y]', 'count': 3, 'session': 4,
        'exchange': 5, 'stage': 'command', 'match': '^GET .$'},
    'GET a = toxic:timeout timeout=0': {'request': 'GET a', 'name': 'toxic:timeout', 'settings': {'timeout': '0'}},
    '* = error kind=': {'name': 'error', 'settings': {'kind': ''}},
    '  GET a = hang  ': {'request': 'GET a', 'name': 'hang'},
}
REFUSED = {
    '': 'GLOB', 'SET *': 'GLOB', 'SET * =': 'GLOB', '= hang': 'GLOB', 'SET * = ': 'GLOB', "a = hang x='": 'GLOB',
    'a = hang sleep': 'option=value', 'a = hang sleep=1 sleep=2': 'each option once', 'a = hang 1=2': 'option=value',
    'a #0 = hang': '#1 for the first', 'a = hang count=x': 'an integer', 'a = hang session=-1': 'an integer',
    'a #9999999999999999 = hang': 'GLOB',
}


@pytest.mark.parametrize('text', READ)
def test_a_text_is_read(text):
    assert read_fault(text) == FaultSpec(**READ[text])


@pytest.mark.parametrize('text', REFUSED)
def test_what_is_no_entry_is_refused_in_one_line(text):
    with pytest.raises(ConfigError, match=REFUSED[text]) as caught:
        read_fault(text, '--fault')
    assert str(caught.value).startswith('--fault')
    assert '\n' not in str(caught.value)


WORDS = st.text('ab =#*:"\'\\?[1\n', max_size=12).map(str.strip)
KEYS = st.from_regex(r'[a-z_]{1,6}', fullmatch=True).filter(lambda key: key.isidentifier() and key not in WHERE)
VALUES = st.dictionaries(KEYS, WORDS, max_size=3)
SPECS = st.builds(FaultSpec, name=st.from_regex(r'[a-z0-9-]{1,8}', fullmatch=True), proxy=st.sampled_from(('*', 'cache', 'c*')),
                  request=WORDS.filter(bool), match=WORDS, stage=WORDS, test=WORDS, settings=VALUES,
                  **dict.fromkeys(('nth', 'count', 'session', 'exchange'), st.integers(0, 20)))


@given(SPECS)
def test_what_is_written_is_read_again(spec):
    assert read_fault(format_fault(spec)) == spec


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        spec = read_fault(text)
    except ConfigError:
        return
    assert read_fault(format_fault(spec)) == spec


def test_values_of_json_are_written_as_they_are_typed():
    assert [quoted(value) for value in (True, 1.5, 'a b', '')] == ['true', '1.5', "'a b'", "''"]
    assert quoted('a = = b') == "'a '=' '=' b'"


def test_an_entry_is_made_of_a_text_of_fields_or_of_itself():
    spec = FaultSpec(name='hang', request='GET a', nth=2)
    assert make_fault('GET a #2 = hang', 'x') == make_fault({'request': 'GET a', 'nth': 2, 'name': 'hang'}, 'x') == spec
    assert make_fault(spec, 'x') is spec


@pytest.mark.parametrize('data, message', [
    (7, 'x: 7 is not valid, expected a text'),
    ({'name': 'hang', 'requst': 'a'}, "x: 'requst' is not valid, expected a known name, the nearest is request"),
    ({'name': 'hang', 'nth': -1}, 'x nth: -1 is not valid, expected `int` >= 0'),
    ({'name': 'hang', 'nth': 'x'}, "x nth: 'x' is not valid, expected `int`, got `str`"),
    ({'request': 'a'}, "x: {'request': 'a'} is not valid, expected"),
])
def test_fields_that_do_not_fit_are_refused(data, message):
    with pytest.raises(ConfigError) as caught:
        make_fault(data, 'x')
    assert str(caught.value).startswith(message)
