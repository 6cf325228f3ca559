"""``sized``: texts whose lengths stand before them."""
import re

import pytest

from vaurien.protocols.sized import sized


@pytest.mark.parametrize('most', [0, 7, 10, 99, 120])
def test_each_length_up_to_the_most_has_its_text(most):
    pattern = re.compile(sized(most))
    assert [size for size in range(300) if pattern.fullmatch(b'%d\r\n%s' % (size, b'x' * size))] == list(range(most + 1))


@pytest.mark.parametrize('data', [b'05\r\nxxxxx', b'5\r\nxxxx', b'5\r\nxxxxxx', b'5\nxxxxx', b'-1\r\n', b'5\r\nxx\r\nx', b'1'])
def test_all_else_is_none(data):
    assert re.fullmatch(sized(99), data) is None


def test_a_text_may_have_all_bytes_but_a_carriage_return():
    every = bytes(byte for byte in range(256) if byte != 13)
    assert re.fullmatch(sized(255), b'255\r\n' + every)
