"""What is masked in a request's name where its protocol does not know more."""
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.test_costs import is_linear
from vaurien.protocols import Protocol
from vaurien.protocols.shapes import masked

SHAPES = {
    '': '',
    'nothing varies here': 'nothing varies here',
    '7': '?',
    'put 0 0 60 3': 'put ? ? ? ?',
    'user42': 'user?',
    'v1.25-beta': 'v?.?-beta',
    'job 0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e done': 'job ? done',
    'JOB 0B6B6E0A-3D7C-4C1E-9F59-6B5B1F0C2D3E': 'JOB ?',
    '0b6b6e0a3d7c4c1e9f596b5b1f0c2d3e': '?',
    'sha:da39a3ee5e6b4b0d3255bfef95601890afd80709:x': 'sha:?:x',
    'deadbeef1': '?',
    'session:V1StGXR8Z5jdHi6BmyT0:x': 'session:?:x',
    'job:01HF7YAT00VQ4W0V7M1XJ9ZK3R': 'job:?',
    'internationalization2 counterrevolution': 'internationalization? counterrevolution',
    'defaced facade': 'defaced facade',     # hexadecimal characters, and words
    'abc1': 'abc?',     # too short for a hexadecimal number
    'z1234567890': 'z?',
    '12345678z': '?z',
    'g1abcdefab': 'g?abcdefab',
    '0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e-0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e': '?-?',
    'caf\u00e9 \u0663': 'caf\u00e9 \u0663',     # digits of other scripts are no numbers of a protocol
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_what_differs_is_masked(name, shape):
    assert masked(name) == shape


@given(st.text(st.sampled_from('0123456789abcdefABCDEFgz-?_ :/')) | st.text())
def test_a_shape_is_its_own_shape(name):
    assert masked(masked(name)) == masked(name)


#: what the names of some protocol are made of
WORDS = st.sampled_from([
    'GET ', 'SELECT ', 'MAIL FROM:', 'EVAL ', 'login ', 'COM_STMT_PREPARE ', 'startup ', '. ', 'a', 'v1', 'x42', '7', '/', '?',
    '&', '=', '.', ';', '<', '>', '@', ':', ' ', '://', 'http', "'", '"', '(', ')', ',', '-', '\n', 'deadbeef1', 'SIZE=', 'BODY=',
    '0b6b6e0a-3d7c-4c1e-9f59-6b5b1f0c2d3e', '%20', '\ufffd', '_', '.png', '\u00e9'])


@pytest.mark.parametrize('protocol', Protocol.names())
@given(name=st.lists(WORDS, max_size=14).map(''.join) | st.text(max_size=40))
def test_a_shape_of_any_protocol_is_its_own_shape_and_the_same_in_json(protocol, name):
    shape = Protocol.get(protocol).shape(name)
    assert Protocol.get(protocol).shape(shape) == shape
    if getattr(Protocol.get(protocol), 'digits_alike', False):
        assert Protocol.get(protocol).shape(name.translate(dict.fromkeys(map(ord, '123456789'), '0'))) == shape
    if name.isprintable():
        assert msgspec.json.decode(msgspec.json.encode({'shape': shape})) == {'shape': shape}


#: what an unhappy expression could take the square of its length for; the longest name has 4096
LONG = ('(', 'a', '1', '-', "'", '"', '$a', '$$', '/*', '--', 'a-', 'x,', '(1),', ' ', '/', '?', '%', '&', '=', '<', 'deadbeef-',
        '(-')


@pytest.mark.parametrize('protocol', Protocol.names())
def test_a_name_of_twice_the_length_takes_no_more_than_its_share(protocol):
    shape = getattr(Protocol.get(protocol).shape, '__wrapped__', Protocol.get(protocol).shape)     # none is remembered
    for piece in LONG:
        is_linear(lambda length, piece=piece: shape('GET ' + piece * (length // len(piece))), 8192)


def test_a_protocol_that_knows_no_more_masks_the_same():
    assert Protocol.get('tcp').shape('user42') == 'user?'
