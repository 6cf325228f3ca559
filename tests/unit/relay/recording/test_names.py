"""Names of requests and their shapes are remembered, and what is remembered is what would be made."""
import pytest

from vaurien.plans.past import MAX_NAME
from vaurien.protocols import Protocol
from vaurien.relay.recording.names import MAX_NAMES, Names, names_of


@pytest.mark.parametrize('protocol, name, shape', [
    ('redis', b'SET a:17', 'SET a:?'), ('redis', b'SET a:18', 'SET a:?'), ('http', b'GET /v1/2', 'GET /v1/?'),
    ('http', b'GET /v2/2', 'GET /v2/?'), ('memcache', b'get \xff7', 'get \ufffd?')])
def test_a_name_has_its_shape(protocol, name, shape):
    names = names_of(Protocol.get(protocol))
    assert names[name] == (name.decode(errors='replace'), shape)
    assert names[name] is names[name]
    assert names_of(Protocol.get(protocol)) is names


@pytest.mark.parametrize('text', ['SET k%d', 'SET %s'])
def test_so_many_are_remembered_and_no_more(text):
    made = []
    names = Names(type('Counting', (), {'shape': staticmethod(lambda name: made.append(name) or name), 'digits_alike': True}))
    different = [(text % (number if 'd' in text else chr(0x4e00 + number))).encode() for number in range(3 * MAX_NAMES)]
    for name in different:
        assert names[name][0] == name.decode()
        assert len(names) <= MAX_NAMES
        assert len(names._shapes) <= MAX_NAMES
    assert len(made) == (4 if 'd' in text else len(different))


def test_long_names_and_shapes_are_cut():
    name, shape = names_of(Protocol.get('redis'))[b'SET ' + b'x' * 2 * MAX_NAME]
    assert (len(name), len(shape) <= MAX_NAME) == (MAX_NAME, True)
