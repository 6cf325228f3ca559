"""Mixes: the text and back, refusals, and draws whose counts are exact."""
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaurien.errors import ConfigError
from vaurien.mix import Mix, check_sum, format_mix, parse_mix

VALID = [
    ('20:delay,10:error', [(20.0, 'delay'), (10.0, 'error')]),
    ('delay', [(100.0, 'delay')]),
    ('100:dummy', [(100.0, 'dummy')]),
    ('0.5:error', [(0.5, 'error')]),
    ('1e-3:error', [(0.001, 'error')]),
    (' 20 : delay , 10:error ', [(20.0, 'delay'), (10.0, 'error')]),
    ('20:delay,', [(20.0, 'delay')]),
    ('0:delay', [(0.0, 'delay')]),
    ('50:a,50:a', [(50.0, 'a'), (50.0, 'a')]),
    ('33.4:a,33.3:b,33.3:c', [(33.4, 'a'), (33.3, 'b'), (33.3, 'c')]),
    ('', []),
]
INVALID = ['101:delay', '60:delay,50:error', '-1:delay', 'x:delay', '20:', ':delay', ':', '20:delay,error', 'nan:delay',
           'inf:delay', '1_0:delay', '٣:delay', '100:a,0.001:b', '20%:delay']


@pytest.mark.parametrize('text, entries', VALID)
def test_a_mix_is_read(text, entries):
    assert parse_mix(text) == entries


@pytest.mark.parametrize('text', INVALID)
def test_what_is_no_mix_is_refused_with_its_form(text):
    with pytest.raises(ConfigError, match='expected percent:name.* at most 100') as caught:
        parse_mix(text, '--behavior')
    assert (caught.value.option, caught.value.value) == ('--behavior', text)


@pytest.mark.parametrize('weights', [(-1,), (101,), (60, 41), (float('nan'),)])
def test_weights_out_of_range_are_refused(weights):
    with pytest.raises(ConfigError):
        check_sum([(weight, 'a') for weight in weights], 'mix')


@pytest.mark.parametrize('entries, text', [
    ([], 'dummy'),
    ([(100, 'delay')], 'delay'),
    ([(100.0, 'dummy')], 'dummy'),
    ([(20, 'delay'), (10.0, 'error')], '20:delay,10:error'),
    ([(0.5, 'error')], '0.5:error'),
    ([(33.33333333, 'error')], '33.33333333:error'),
])
def test_a_mix_is_written(entries, text):
    assert format_mix(entries) == text


NAMES = st.from_regex(r'[a-z][a-z0-9_-]{0,8}', fullmatch=True)


@given(st.lists(st.tuples(st.floats(0, 10), NAMES), min_size=1, max_size=10))
def test_a_mix_that_was_written_is_read_as_it_was(entries):
    assert parse_mix(format_mix(entries)) == entries


@given(st.text('0123456789.:,%- eabc'))
def test_any_text_is_a_mix_or_refused(text):
    try:
        entries = parse_mix(text)
    except ConfigError:
        return
    assert sum(weight for weight, _ in entries) <= 100 + 1e-6


def draws(mix, count, seed=7):
    random = Random(seed)
    return Counter(mix.draw(random) for _ in range(count))


def test_a_seed_gives_exactly_these_counts():
    mix = Mix([(20, 'delay'), (10, 'error')], 'dummy')
    assert draws(mix, 1000) == {'dummy': 664, 'delay': 216, 'error': 120}


def test_shares_are_right_over_many_draws():
    drawn = draws(Mix([(20, 'delay'), (0.5, 'error')], 'dummy'), 100_000)
    assert drawn['delay'] / 100_000 == pytest.approx(0.2, abs=0.005)
    assert drawn['error'] / 100_000 == pytest.approx(0.005, abs=0.001)


def test_the_same_seed_draws_the_same_sequence():
    mix = Mix([(20, 'delay'), (10, 'error')], 'dummy')
    one, two = Random(3), Random(3)
    assert [mix.draw(one) for _ in range(500)] == [mix.draw(two) for _ in range(500)]


class Fixed(Random):
    """A generator that gives one number."""

    def __init__(self, number):
        super().__init__(0)
        self.number = number

    def random(self):
        return self.number


@pytest.mark.parametrize('number, item', [
    (0.0, 'a'), (0.1999999, 'a'), (0.2, 'b'), (0.2999999, 'b'), (0.3, 'rest'), (1 - 2 ** -53, 'rest'),
])
def test_a_draw_takes_the_item_whose_share_the_number_falls_in(number, item):
    assert Mix([(20, 'a'), (10, 'b')], 'rest').draw(Fixed(number)) == item


@pytest.mark.parametrize('number', [0.0, 0.5, 1 - 2 ** -53])
def test_an_item_without_weight_is_never_drawn(number):
    third = 100 / 3
    mix = Mix([(0, 'zero'), (third, 'a'), (third, 'b'), (third, 'c'), (0, 'last')], 'rest')
    assert mix.draw(Fixed(number)) in {'a', 'b', 'c'}


def test_a_full_mix_leaves_nothing_to_the_rest():
    mix = Mix([(33.4, 'a'), (33.3, 'b'), (33.3, 'c')], 'rest')
    assert mix.draw(Fixed(1 - 2 ** -53)) == 'c'


def test_an_empty_mix_draws_the_rest():
    assert draws(Mix([], 'rest'), 10) == {'rest': 10}


def test_old_mistake_2_dummy_in_a_mix_with_a_sum_under_100():
    assert set(draws(Mix(parse_mix('10:dummy,20:delay'), 'dummy'), 1000)) == {'dummy', 'delay'}


@pytest.mark.parametrize('entries, plain', [([], True), ([(0, 'a')], True), ([(0, 'a'), (0.1, 'b')], False)])
def test_a_mix_without_weight_is_plain(entries, plain):
    assert Mix(entries, 'rest').plain is plain


@pytest.mark.parametrize('entries', [
    [], [(0.1, 'a')], [(30.0, 'a'), (20.0, 'rest'), (10.0, 'b')], [(50.0, 'a'), (50.0, 'b')]], ids=str)
def test_passing_over_what_is_left_draws_the_same_as_one_draw_after_another(entries):
    mix, count = Mix(entries, 'rest'), 2_000
    one_by_one, at_once = Random(7), Random(7)
    expected = [mix.draw(one_by_one) for _ in range(count)]
    found: list[str] = []
    while len(found) < count:
        passed, item = mix.pass_over(at_once, min(16, count - len(found)))
        found += ['rest'] * passed + ([item] if item != 'rest' else [])
    assert found == expected
    assert at_once.random() == one_by_one.random()
