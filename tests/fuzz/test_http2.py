"""HTTP/2 as generated and damaged: whatever comes is cut, or refused; and blocks of headers are what the library hpack says."""
import hpack
from hypothesis import given
from hypothesis import strategies as st

from vaurien.errors import ProtocolError
from vaurien.protocols.http.h2 import frames
from vaurien.protocols.http.h2.hpack import Decoder, encoded

names = st.one_of(st.sampled_from((b':path', b'cookie', b'x')), st.binary(min_size=1, max_size=20))
fields = st.lists(st.tuples(names, st.binary(max_size=40), st.booleans()), max_size=12)
units = st.builds(frames.frame, st.integers(0, 11), st.integers(0, 255), st.integers(0, 9), st.binary(max_size=60))


def cut(pieces: list[bytes]) -> tuple[list[bytes], bytes, bool]:
    """Return the units, what is left, and whether that was refused."""
    cutter, found = frames.Frames(), []
    try:
        for piece in pieces:
            for *_, at, end in cutter.cut(piece):
                found.append(cutter.data[at:end])
    except ProtocolError:
        return found, cutter.held(), True
    return found, cutter.held(), False


@given(st.lists(st.one_of(units, st.binary(max_size=12)), max_size=8), st.integers(1, 30))
def test_no_byte_is_lost_whatever_comes_and_however_it_is_cut(pieces: list[bytes], size: int) -> None:
    data = b''.join(pieces)
    found, left, refused = cut([data])
    assert b''.join(found) + left == data
    again, _, also = cut([data[at:at + size] for at in range(0, len(data), size)])
    assert (again, also) == (found, refused)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_a_block_is_decoded_as_the_library_does_or_refused(blocks: list[bytes]) -> None:
    own, oracle = Decoder(), hpack.Decoder()
    for block in blocks:
        try:
            wanted = [tuple(field) for field in oracle.decode(block, raw=True)]
        except (hpack.HPACKError, IndexError):
            return      # which of two says first that a block is broken is not to be held
        if any(len(name) + len(value) > 4000 for name, value in wanted):
            return
        assert [field[:2] for field in own.decode(block)] == wanted


@given(st.lists(fields, max_size=4))
def test_literals_are_read_by_the_library_and_here(lists: list[list[tuple[bytes, bytes, bool]]]) -> None:
    own, oracle = Decoder(), hpack.Decoder()
    for one in lists:
        block = encoded(one)
        assert own.decode(block) == one
        assert [(*field, not field.indexable) for field in oracle.decode(block, raw=True)] == one
