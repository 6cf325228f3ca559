"""Shapes that are learned of what a suite asks."""
from tests.unit.explore.talk import ask, greet
from vaurien.explore.model.learned import learn, mask


def names(*commands, free=()):
    return {shape: name for (_, shape), name in learn(map(ask, commands), free).items()}


def test_a_place_that_takes_three_values_is_masked():
    assert names('GET ann', 'GET bob') == {'GET ann': 'GET ann', 'GET bob': 'GET bob'}
    assert set(names('GET ann', 'GET bob', 'GET eve').values()) == {'GET ?'}


def test_what_stands_before_the_last_separator_is_kept():
    found = names('GET user:ann', 'GET user:bob', 'GET user:eve', 'GET total')
    assert found['GET user:ann'] == 'GET user:?'
    assert found['GET total'] == 'GET total'


def test_another_command_is_another_family():
    assert set(names('GET a', 'GET b', 'SET c').values()) == {'GET a', 'GET b', 'SET c'}


def test_a_proxy_whose_protocol_masks_all_values_learns_nothing():
    assert set(names('GET a', 'GET b', 'GET c', free=['p']).values()) == {'GET a', 'GET b', 'GET c'}


def test_no_word_of_a_command_is_masked():
    assert mask(['GET a', 'SET a', 'DEL a']) == {shape: shape for shape in ('GET a', 'SET a', 'DEL a')}


def test_the_names_of_servers_are_kept():
    shapes = [f'handshake {name}' for name in ('a.test', 'b.test', 'c.test')]
    assert set(learn([greet(name) for name in ('a.test', 'b.test', 'c.test')], ()).values()) == set(shapes)
