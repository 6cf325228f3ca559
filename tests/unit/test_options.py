"""Options: what each type takes and refuses, what a plugin may declare, and the words of the messages."""
import re
from decimal import Decimal

import pytest

from vaurien.errors import ConfigError
from vaurien.options import Bounded, Option, convert, expected, flag, known, normalize, read_lines, settle

PORT, SHARE, COUNT = Bounded(int, 0, 65535), Bounded(float, 0, 1), Bounded(int, 0)
TAKEN = [
    (bool, True, True), (bool, False, False), (bool, 'true', True), (bool, 'No', False), (bool, 'ON', True), (bool, '0', False),
    (bool, 1, True),
    (int, '5', 5), (int, '-5', -5), (int, ' 5 ', 5), (int, 5, 5), (int, 5.0, 5),
    (float, '0.5', 0.5), (float, 2, 2.0), (float, '1e3', 1000.0), (float, '.5', 0.5),
    (str, '', ''), (str, 'a b', 'a b'), (str, '1', '1'),
    (PORT, '0', 0), (PORT, 65535, 65535), (SHARE, '1', 1.0), (SHARE, 0, 0.0), (COUNT, '9' * 20, 99999999999999999999),
    (Decimal, '1.5', Decimal('1.5')),
]
REFUSED = [
    (bool, 'maybe'), (bool, ''), (bool, 2), (bool, 1.0), (bool, None), (bool, []),
    (int, ''), (int, 'x'), (int, '1.5'), (int, 1.5), (int, True), (int, '1_000'), (int, '٣'), (int, None), (int, [1]),
    (int, float('inf')), (int, float('nan')), (int, '9' * 5000), (int, 10 ** 400),
    (float, ''), (float, 'x'), (float, 'nan'), (float, float('nan')), (float, 'inf'), (float, '-inf'), (float, '1e999'),
    (float, 10 ** 400), (float, False), (float, '1_0.5'), (float, {}),
    (str, 1), (str, None), (str, b'x'), (str, ['x']),
    (PORT, -1), (PORT, '65536'), (PORT, 80.5), (SHARE, 1.0001), (SHARE, -0.1), (SHARE, 'nan'), (COUNT, -1), (COUNT, True),
    (Decimal, 'x'), (re.compile, '('), (len, 5), ({'a': 1}.__getitem__, 'b'), (str.strip, 5),
]


@pytest.mark.parametrize('kind, value, result', TAKEN)
def test_a_value_of_the_type_is_taken(kind, value, result):
    found = convert('sleep', Option('', kind, result), value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize('kind, value', REFUSED)
def test_a_value_that_does_not_fit_is_refused_by_name(kind, value):
    with pytest.raises(ConfigError) as caught:
        convert('--behavior-delay-sleep', Option('', kind, 'something'), value)
    assert (caught.value.option, caught.value.value) == ('--behavior-delay-sleep', value)


def test_nothing_is_taken_where_nothing_is_the_default():
    assert convert('seed', Option('', int, None), None) is None


@pytest.mark.parametrize('value', ['fast', 1])
def test_a_choice_is_taken(value):
    assert convert('mode', Option('', lambda given: given, 'fast', ('fast', 1)), value) == value


@pytest.mark.parametrize('value', ['slow', '', 'FAST'])
def test_what_is_no_choice_is_refused_with_the_choices(value):
    with pytest.raises(ConfigError, match='expected one of fast, slower'):
        convert('mode', Option('', str, 'fast', ('fast', 'slower')), value)


@pytest.mark.parametrize('kind, words', [
    (bool, 'true or false'), (int, 'an integer'), (float, 'a number'), (str, 'text'),
    (PORT, 'an integer from 0 to 65535'), (SHARE, 'a number from 0 to 1'), (COUNT, 'an integer of at least 0'),
    (Decimal, 'a value that Decimal takes'),
])
def test_what_is_expected_is_said_in_words(kind, words):
    assert expected(Option('', kind, None)) == words


def test_a_plain_tuple_is_an_option():
    options = normalize({'sleep': ('Seconds', float, 1.0), 'mode': ('How', str, 'a', ('a', 'b'))})
    assert options['sleep'] == Option('Seconds', float, 1.0, None)
    assert options['mode'].choices == ('a', 'b')


@pytest.mark.parametrize('options, words', [
    ({'a': 1}, "'a' must be a tuple"),
    ({'a': ('x', int)}, "'a' must be a tuple"),
    ({'a': ('x', int, 1, None, 5)}, "'a' must be a tuple"),
    ({'a': ['x', int, 1]}, "'a' must be a tuple"),
    ({'a-b': ('x', int, 1)}, "'a-b' must be named by an identifier"),
    ({1: ('x', int, 1)}, '1 must be named by an identifier'),
    ({'a': (None, int, 1)}, "'a' must have a text and a type"),
    ({'a': ('x', 'int', 1)}, "'a' must have a text and a type"),
    ({'a': ('x', int, 'one')}, "the default of option 'a'"),
    ({'a': ('x', int, 3, (1, 2))}, "the default of option 'a'"),
    ({'a': ('x', int, 3, 5)}, "the choices of option 'a' must be a tuple"),
    ({'a': ('x', str, 'b', 'abc')}, "the choices of option 'a' must be a tuple"),
])
def test_a_malformed_option_is_named(options, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        normalize(options)


OPTIONS = normalize({'sleep': ('Seconds', float, 1.0), 'before': ('Where', bool, True)})


def test_settings_are_completed_and_converted():
    assert settle(OPTIONS, {'sleep': '2'}) == {'sleep': 2.0, 'before': True}


def test_settings_keep_the_order_of_the_declaration():
    assert list(settle(OPTIONS, {'before': False, 'sleep': 1})) == ['sleep', 'before']


def test_an_unknown_option_is_refused_under_the_name_the_user_wrote():
    with pytest.raises(ConfigError, match='expected one of the options before, sleep') as caught:
        settle(OPTIONS, {'slep': 2}, lambda name: f'--behavior-delay-{name}')
    assert caught.value.option == '--behavior-delay-slep'


def test_an_unknown_option_of_a_plugin_without_options_is_refused():
    with pytest.raises(ConfigError, match='expected no option at all'):
        settle({}, {'sleep': 2})


@pytest.mark.parametrize('word, words', [
    ('slep', 'a known name, the nearest is sleep'),
    ('xyz', 'one of before, sleep'),
])
def test_the_nearest_known_name_is_told(word, words):
    assert known(word, ['sleep', 'before']) == words


def test_where_nothing_is_near_something_else_may_be_told():
    assert known('xyz', ['sleep'], 'a flag') == 'a flag'


def test_a_list_has_one_item_a_line():
    assert read_lines('\n a.ini\n\n  b.ini \n') == ('a.ini', 'b.ini')


@pytest.mark.parametrize('parts, name', [
    (('behavior', 'delay', 'sleep'), '--behavior-delay-sleep'),
    (('protocol', 'http', 'overwrite_host_header'), '--protocol-http-overwrite-host-header'),
    (('behavior', 'my_fault', 'x'), '--behavior-my-fault-x'),
])
def test_an_option_is_named_on_the_command_line(parts, name):
    assert flag(*parts) == name
