"""Header blocks of a seed, by the library hpack and by hand, through both decoders: what they say is the same, block by block.

``make streams`` reads 102,000 blocks, the suite some.
"""
import os
from random import Random

import hpack
import pytest
from hpack.table import HeaderTable

from tests.support.proxied import SEED
from vaurien.errors import ProtocolError
from vaurien.protocols.http.h2.hpack import Decoder, encoded, encoded_integer

BLOCKS = int(os.environ.get('VAURIEN_STREAM_BLOCKS', '1000'))     #: of each of three ways
LIFE = 50               #: blocks of one connection
SIZES = (0, 40, 100, 1000, 4096)
STATIC = [name for name, _ in HeaderTable.STATIC_TABLE]


def word(random: Random, most: int) -> bytes:
    """Return some bytes: of a few letters, of those that names have, or any."""
    letters = random.choice((b'ab', b'abcdefghijklmnopqrstuvwxyz-0123456789', bytes(range(256))))
    return bytes(random.choices(letters, k=random.randrange(most)))


def lines(random: Random) -> list[tuple[bytes, bytes]]:
    """Return some fields, many of which come again."""
    return [(random.choice((random.choice(STATIC), random.choice((b'x-a', b'x-b', b'x-c')), word(random, 12) or b'x')),
             random.choice((random.choice((b'', b'1', b'GET', b'/', b'200')), word(random, 60))))
            for _ in range(random.randrange(12))]


def by_library(random: Random, encoder: hpack.Encoder) -> bytes:
    """Encode fields by the library, which puts into its table what may be."""
    if random.random() < 0.1:
        encoder.header_table_size = random.choice(SIZES)
    kinds = hpack.NeverIndexedHeaderTuple, *[hpack.HeaderTuple] * 4
    fields = [random.choice(kinds)(*line) for line in lines(random)]
    return bytes(encoder.encode(fields, huffman=random.random() < 0.5))


def by_hand(random: Random) -> bytes:
    """Encode fields in all of the forms that there are, right ones most of the time."""
    out = [encoded_integer(random.choice(SIZES), 0x1F, 0x20) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    for name, value in lines(random):
        form, prefix = random.choice(((0x40, 0x3F), (0, 0x0F), (0x10, 0x0F), (0x80, 0x7F)))
        index = random.choice((random.randrange(1, 62), random.randrange(62, 66), random.randrange(200)))
        if form == 0x80:
            out.append(encoded_integer(index, prefix, form))
        elif random.random() < 0.5:
            out += (encoded_integer(index, prefix, form), encoded_integer(len(value), 0x7F, 0), value)
        else:
            out += (bytes((form,)), encoded_integer(len(name), 0x7F, 0), name, encoded_integer(len(value), 0x7F, 0), value)
    return b''.join(out)


def damaged(random: Random, block: bytes) -> bytes:
    """Change a byte, or leave some out."""
    if not block:
        return block
    at = random.randrange(len(block))
    return block[:at] + random.choice((b'', bytes((random.randrange(256),)))) + block[at + 1:]


def read(decoder, block, *raw):
    """Return what a decoder says; None: it is no block."""
    try:
        return decoder.decode(block, *raw)
    except (ProtocolError, hpack.HPACKError, IndexError):
        return None


@pytest.mark.parametrize('way', ['by the library', 'by hand', 'damaged'])
def test_blocks_say_the_same_to_both(way):
    random, right, wrong = Random(f'{SEED} {way}'), 0, 0
    for number in range(BLOCKS):
        if not number % LIFE:
            own, oracle, after, encoder = Decoder(), hpack.Decoder(), hpack.Decoder(), hpack.Encoder()
        block = by_library(random, encoder) if way != 'by hand' else by_hand(random)
        if way == 'damaged' and random.random() < 0.05:
            block = damaged(random, block)
        fields, wanted = read(own, block), read(oracle, block, True)
        assert (fields is None) == (wanted is None)
        if fields is None:
            wrong += 1
            own, oracle, after, encoder = Decoder(), hpack.Decoder(), hpack.Decoder(), hpack.Encoder()
            continue
        assert [field[:2] for field in fields] == [tuple(field) for field in wanted]
        written = after.decode(encoded(fields, own.resized), raw=True)
        own.resized = ()
        assert [(*field, not field.indexable) for field in written] == fields
        right += 1
    assert right > BLOCKS / 5
    assert bool(wrong) == (way != 'by the library')
