"""What is wanted, as it is read and as it changes."""
import json

from vaurien.clusters.etcd.client import Kept
from vaurien.clusters.keys import Keys
from vaurien.clusters.state import State

KEYS = Keys('x')


def kept(value, changed, lease=7):
    return Kept(value if isinstance(value, bytes) else json.dumps(value).encode(), changed, changed, lease)


ORDER = {'by': 'me', 'ttl': 10, 'mix': '20:delay'}


def test_changes_come_over_what_was_read_and_what_was_overtaken_is_passed_over():
    state = State(KEYS)
    assert state.replace(5, {KEYS.orders + 'b': kept(ORDER, 5), KEYS.orders + 'a': kept(ORDER, 3)})
    assert [known.id for known in state.orders] == ['a', 'b']
    assert state.newest == (2, 5)
    assert not state.replace(6, {KEYS.orders + 'b': kept(ORDER, 5), KEYS.orders + 'a': kept(ORDER, 3)})
    assert state.change(7, {KEYS.orders + 'a': None, KEYS.halt: kept({'by': 'me', 'reason': 'lunch'}, 7, 0)})
    assert [known.id for known in state.orders] == ['b']
    assert state.halted.reason == 'lunch'
    assert not state.change(7, {KEYS.halt: None})
    assert not state.replace(6, {})
    assert state.halted is not None
    assert state.change(8, {KEYS.halt: None})
    assert state.halted is None


def test_what_cannot_be_obeyed_is_left_out_and_said():
    state = State(KEYS)
    state.replace(9, {
        KEYS.orders + 'good': kept(ORDER, 1), KEYS.orders + 'text': kept(b'nonsense', 2),
        KEYS.orders + 'more': kept({**ORDER, 'x': 1}, 3),
        KEYS.proxies + 'k': kept({'by': 'me', 'spec': {'name': 'k', 'tls_key': '/x'}}, 3),
        KEYS.orders + 'none': kept({'by': 'me', 'ttl': 1}, 4), KEYS.orders + 'forever': kept(ORDER, 5, 0),
        KEYS.orders + 'big': kept({**ORDER, 'note': 'x' * (1 << 20)}, 6), KEYS.wanted + 'other': kept({}, 7),
        KEYS.proxies + 'p': kept({'by': 'me', 'spec': {'name': 'q'}}, 8),
        KEYS.proxies + 'f': kept({'by': 'me', 'spec': {'name': 'f', 'mix': [{'name': 'delay'}]}}, 9)})
    assert [known.id for known in state.orders] == ['good']
    assert state.proxies == []
    assert state.bad.keys() == {'text', 'more', 'none', 'forever', 'big', 'other', 'p', 'f', 'k'}
    assert 'has no lease: nothing would end it' in state.bad['forever']
    assert all('\n' not in why and len(why) < 500 for why in state.bad.values())


def test_a_halt_that_cannot_be_read_halts_as_well():
    state = State(KEYS)
    state.replace(1, {KEYS.halt: kept(b'stop', 1, 0)})
    assert state.halted is not None
    assert state.bad == {}
