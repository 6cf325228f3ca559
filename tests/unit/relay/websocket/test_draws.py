"""What is drawn for the messages of one direction depends on that direction alone."""
from tests.support.websocket import MASK, TEXT, frame
from tests.support.websocket_talk import Spoken

HALF = ('error', 50, {'kind': 'ws-dropped'})
SENT, RECEIVED = [[frame(TEXT, b'%d' % number, mask) for number in range(200)] for mask in (MASK, b'')]


def left(order, seed=7):
    """Return what leaves in each direction when the two sides speak in an order: True is the client."""
    spoken, at = Spoken(HALF, seed=seed), {True: 0, False: 0}
    for to_backend in order:
        spoken.say(to_backend, (SENT if to_backend else RECEIVED)[at[to_backend]])
        at[to_backend] += 1
    return spoken


def test_the_order_of_the_two_sides_changes_nothing():
    one, other = left([True] * 200 + [False] * 200), left([False, True] * 200)
    assert one.left == other.left
    assert len(one.faults) == len(other.faults) == 204
    assert one.draws.count == other.draws.count == 400


def test_the_two_sides_are_drawn_for_apart_and_another_seed_draws_other_things():
    spoken = left([True, False] * 200)
    dropped = [{name.split()[1] for name, _ in spoken.faults if name.startswith(side)} for side in ('send', 'receive')]
    assert dropped[0] != dropped[1]
    assert left([True, False] * 200, seed=8).left != spoken.left


def test_a_change_of_the_mix_reaches_both_sides_until_it_is_over():
    spoken = Spoken()
    assert spoken.talk.up.draws.plain
    spoken.draws.change(left([]).draws.chaos)
    assert not spoken.talk.up.draws.plain
    assert not spoken.talk.down.draws.plain
    spoken.talk.finished()
    assert spoken.draws.followers == ()
