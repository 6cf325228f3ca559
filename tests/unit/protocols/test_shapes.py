"""What is masked in a request's name where its protocol does not know more."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_protocol_that_knows_no_more_masks_the_same():
    assert Protocol.get('tcp').shape('user42') == 'user?'
