"""Draws: one for each exchange, numbered, and the same again from the same seed."""
import pytest

from vaurien.behaviors.dummy import DUMMY
from vaurien.protocols.base import OPENING, Exchange, SharedExchange
from vaurien.protocols.redis import Redis
from vaurien.relay.chaos import Chaos
from vaurien.relay.draws import Draws
from vaurien.spec import BehaviorSpec


def made(*mix: BehaviorSpec, seed: int = 7, number: int = 1) -> Draws:
    return Draws(Chaos(mix, {}, Redis), seed, 'it', number)


def drawn(draws: Draws, count: int, name: bytes = b'GET a') -> list[str]:
    exchanges = [Exchange(name) for _ in range(count)]
    for exchange in exchanges:
        draws.draw(exchange)
    assert [exchange.number for exchange in exchanges] == list(range(1, count + 1))
    return [exchange.drawn.name for exchange in exchanges]


HALF = BehaviorSpec(name='hang', percent=50)


def test_the_same_seed_name_and_number_draw_the_same():
    assert drawn(made(HALF), 50) == drawn(made(HALF), 50)
    assert drawn(made(HALF), 50) != drawn(made(HALF, number=2), 50)
    assert drawn(made(HALF), 50) != drawn(made(HALF, seed=8), 50)


def test_a_mix_of_nothing_needs_no_generator():
    draws = made()
    assert drawn(draws, 3) == ['dummy'] * 3
    assert draws._draws is None


def test_a_request_that_does_not_match_is_left_alone_and_counted():
    draws = made(BehaviorSpec(name='hang', settings={'match': '^SET '}))
    assert drawn(draws, 2) == ['dummy'] * 2
    assert draws.count == 2


def test_another_mix_takes_the_place_of_the_one_before_from_the_next_draw_on():
    draws = made()
    draws.draw(Exchange())
    draws.change(Chaos((BehaviorSpec(name='hang'),), {}, Redis))
    exchange = Exchange()
    draws.draw(exchange)
    assert (exchange.drawn.name, exchange.number) == ('hang', 2)


def test_what_is_plain_follows_the_mix_and_whether_exchanges_are_recorded():
    draws = made()
    assert draws.plain
    draws.change(Chaos((HALF,), {}, Redis))
    assert not draws.plain
    draws.change(Chaos((), {}, Redis), recorded=True)
    assert not draws.plain
    draws.change(recorded=False)
    assert draws.plain


def test_an_exchange_has_a_generator_that_no_other_draw_changes():
    def given(*others: int) -> list[float]:
        draws, exchanges = made(HALF), [Exchange() for _ in range(3)]
        for exchange in exchanges:
            draws.draw(exchange)
        for other in others:
            draws.random_of(exchanges[other]).random()
        return [draws.random_of(exchanges[1]).random(), draws.random_of(exchanges[1]).random()]
    assert given() == given(0, 2, 0, 2)
    assert len(set(given())) == 2


def test_what_plugins_draw_at_any_time_does_not_change_what_is_drawn_of_the_mix():
    draws, found = made(HALF), []
    for _ in range(50):
        exchange = Exchange()
        draws.draw(exchange)
        found.append(exchange.drawn.name)
        draws.random_of(exchange).random()
        draws.random.random()
    assert found == drawn(made(HALF), 50)


def test_the_opening_is_drawn_only_for_what_belongs_there():
    opening = Exchange(OPENING.encode(), OPENING)
    assert made(BehaviorSpec(name='error')).draw_opening(opening, Redis) is None
    told = made(BehaviorSpec(name='error', settings={'kind': 'max-clients'}))
    behavior = told.draw_opening(opening, Redis)
    assert behavior is not None
    assert (behavior.name, told.count) == ('error', 0)
    unmatched = made(BehaviorSpec(name='error', settings={'kind': 'max-clients', 'match': 'GET'}))
    assert unmatched.draw_opening(opening, Redis) is None


def test_a_kind_of_the_handshake_is_drawn_for_no_request_and_moves_no_other_draw():
    greeting = BehaviorSpec(name='error', percent=50, settings={'kind': 'alert-close'})
    assert made(greeting).plain
    assert drawn(made(greeting), 20) == ['dummy'] * 20
    with_other = made(greeting, HALF)
    assert not with_other.plain
    assert len(with_other.chaos.greeting) == 1
    assert set(drawn(with_other, 50)) == {'dummy', 'hang'}


def test_what_is_passed_over_is_drawn_and_counted_as_one_by_one():
    one_by_one, at_once = made(BehaviorSpec(name='hang', percent=5)), made(BehaviorSpec(name='hang', percent=5))
    expected, found = drawn(one_by_one, 500), []
    while len(found) < 500:
        wanted = min(16, 500 - len(found))
        passed = at_once.pass_over(wanted)
        found += ['dummy'] * passed
        assert at_once.count == len(found)
        if passed < wanted:
            exchange = Exchange(b'GET a')
            at_once.draw(exchange)
            assert exchange.number == len(found) + 1
            found.append(exchange.drawn.name)
    assert found == expected
    assert found.count('hang') == 27


def test_runs_are_drawn_for_unless_each_exchange_is_looked_at():
    draws = made(HALF)
    assert draws.runs
    draws.change(recorded=True)
    assert not draws.runs


def test_a_shared_exchange_passes_and_cannot_be_written_to():
    shared = SharedExchange('command', 'note')
    assert (shared.name, shared.number, shared.expects, shared.behavior) == ('', 0, True, DUMMY)
    for field in ('behavior', 'failure', 'closes', 'number', 'random', 'met', 'due', 'expects', 'name_as_sent'):
        with pytest.raises(AttributeError):
            setattr(shared, field, 1)
