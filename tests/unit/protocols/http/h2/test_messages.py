"""The messages of a stream are counted in any slicing."""
import pytest

from vaurien.protocols.http.h2.messages import Messages

SIZES = 0, 3, 0, 300, 1
CONTENT = b''.join(b'\0' + size.to_bytes(4) + bytes(size) for size in SIZES)


@pytest.mark.parametrize('slices', [1, 2, 5, 7, 1000])
@pytest.mark.parametrize('limit', range(7))
def test_so_many_pass_and_nothing_of_the_next(limit: int, slices: int) -> None:
    messages, passed = Messages(limit), 0
    for at in range(0, len(CONTENT), slices):
        passed += messages.take(b'before' + CONTENT, 6 + at, 6 + min(at + slices, len(CONTENT)))
    assert passed == sum(5 + size for size in SIZES[:limit])
    assert messages.left == max(limit - len(SIZES), 0)
