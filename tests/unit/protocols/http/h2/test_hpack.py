"""HPACK beside the library ``hpack``, which is the oracle: what it encodes is decoded here, and what is encoded here there."""
from random import Random

import hpack
import pytest
from hpack.table import HeaderTable

from vaurien.errors import ProtocolError
from vaurien.protocols.http.h2 import huffman
from vaurien.protocols.http.h2.hpack import ENTRIES, MAX_LIST_BYTES, MAX_TABLE_BYTES, Decoder, encoded

NAMES = (b':method', b':path', b':status', b'cookie', b'x-a', b'authorization', b'accept', b'x-' + b'n' * 200)
TABLES = (0, 60, 300, 4096, 65536)


def fields(random: Random) -> list[tuple[bytes, bytes]]:
    """Return a list of fields; some never to be indexed."""
    found = []
    for _ in range(random.randrange(1, 10)):
        value = random.choice((b'GET', b'/', b'200', random.randbytes(random.randrange(40)), b'%d' % random.randrange(50)))
        kind = hpack.NeverIndexedHeaderTuple if random.random() < .1 else hpack.HeaderTuple
        found.append(kind(random.choice(NAMES), value))
    return found


@pytest.mark.parametrize('seed', range(4))
def test_what_the_library_encodes_is_decoded_and_what_is_encoded_here_the_library_decodes(seed: int) -> None:
    random = Random(seed)
    encoder, decoder = hpack.Encoder(), Decoder()
    oracle, frozen = hpack.Decoder(), hpack.Decoder()
    oracle.max_allowed_table_size = MAX_TABLE_BYTES
    decoder.allow(MAX_TABLE_BYTES)
    for _ in range(1500):
        if random.random() < .03:
            encoder.header_table_size = random.choice(TABLES)
        asked = fields(random)
        block = encoder.encode(asked, huffman=random.random() < .7)
        found, wanted = decoder.decode(block), oracle.decode(block, raw=True)
        assert [(name, value) for name, value, _ in found] == [tuple(field) for field in asked]
        assert [never for _, _, never in found] == [not field.indexable for field in wanted]
        written = frozen.decode(encoded(found), raw=True)
        assert [(*field, field.indexable) for field in written] == [(*field, field.indexable) for field in wanted]
    assert frozen.header_table.dynamic_entries == type(frozen.header_table.dynamic_entries)(), 'no table was changed'


def test_static_table_is_that_of_the_library() -> None:
    assert [(name, value) for name, value, _ in ENTRIES[1:]] == list(HeaderTable.STATIC_TABLE)


def test_every_symbol_of_the_huffman_code() -> None:
    from hpack.huffman import HuffmanEncoder
    from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
    encoder = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH)
    for text in (*(bytes((symbol,)) * 3 for symbol in range(256)), bytes(range(256)), b''):
        assert huffman.decode(encoder.encode(text)) == text


@pytest.mark.parametrize('coded', [b'\xff\xff\xff\xff', b'\x00', b'\xff', b'\x1c\x64\xff'], ids=bytes.hex)
def test_huffman_code_that_ends_wrongly(coded: bytes) -> None:
    """The end of the string, padding of zeros, padding of eight bits, and after text."""
    with pytest.raises(ProtocolError):
        huffman.decode(coded)


@pytest.mark.parametrize('block', [
    b'\x80', b'\xbe', b'\xff\xff\xff\xff\xff\x0f', b'\x40\x01', b'\x40\x05ab', b'\x82\x3e', b'\x3f\xe2\x1f',
    b'\xff\xff\xff\xff\xff\xff'], ids=bytes.hex)
def test_block_that_is_none(block: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().decode(block)


def test_list_of_fields_that_grows_out_of_a_small_block_is_refused() -> None:
    bomb = b'\x40\x01x\x7f\xa1\x1e' + b'y' * 4000
    with pytest.raises(ProtocolError, match=str(MAX_LIST_BYTES)):
        Decoder().decode(bomb + b'\xbe' * 20)


def test_sizes_of_the_table_are_told_again_to_who_gets_literals() -> None:
    encoder, decoder = hpack.Encoder(), Decoder()
    encoder.header_table_size = 0
    encoder.header_table_size = 1000
    found = decoder.decode(encoder.encode([(b'x', b'1')]))
    assert decoder.resized == (0, 1000)
    other = hpack.Decoder()
    assert [tuple(field) for field in other.decode(encoded(found, decoder.resized), raw=True)] == [(b'x', b'1')]
    assert other.header_table_size == 1000


def test_table_that_may_become_too_large_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Decoder().allow(MAX_TABLE_BYTES + 1)
