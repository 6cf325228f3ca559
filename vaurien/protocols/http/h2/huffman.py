"""The Huffman code of HPACK, RFC 7541 appendix B. Knows no header.

The code is canonical: codes of one length follow one another in the order of their symbols, so the lengths say all of it.
Decoding takes four bits a step, by a table that is made when the first text is decoded.
"""
from functools import cache, lru_cache
from typing import Final

from ....errors import ProtocolError

#: the symbols of each length [bits], in their order; the end of the string, which is never sent, has the last code of 30 bits
SYMBOLS: Final = {
    5: b'012aceiost',
    6: b' %-./3456789=A_bdfghlmnpru',
    7: b':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz',
    8: b'&*,;XZ',
    10: b'!"()?',
    11: b"'+|",
    12: b'#>',
    13: b'\x00$@[]~',
    14: b'^}',
    15: b'<`{',
    19: b'\\\xc3\xd0',
    20: b'\x80\x82\x83\xa2\xb8\xc2\xe0\xe2',
    21: b'\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6',
    22: b'\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9',
    23: b'\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef',
    24: b'\t\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed',
    25: b'\xc7\xcf\xea\xeb',
    26: b'\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff',
    27: b'\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe',
    28: b'\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9',
    30: b'\n\r\x16',
}
END_OF_STRING: Final = 256
MAX_REMEMBERED_BYTES = 256      #: [bytes] of an encoded text that is remembered; peers send the same ones again and again
MAX_REMEMBERED = 1024           #: [texts]
MAX_PADDING_BITS = 7            #: [bits] after the last symbol

#: of each state, for each four bits: the next state (-1: there is none), and what has been decoded
Table = list[list[tuple[int, bytes]]]


@cache
def codes() -> dict[tuple[int, int], int]:
    """Return the symbols by the length [bits] and the value of their codes."""
    found: dict[tuple[int, int], int] = {}
    code = before = 0
    for length, symbols in SYMBOLS.items():
        code <<= length - before
        before = length
        for symbol in symbols:
            found[length, code] = symbol
            code += 1
    found[30, code] = END_OF_STRING
    return found


@cache
def table() -> tuple[Table, frozenset[int]]:
    """Return the table, and the states in which a text may end: in padding of at most seven bits that are all set."""
    nodes: list[list[int]] = [[0, 0]]       # the tree: children; a negative one is a symbol
    for (length, code), symbol in codes().items():
        node = 0
        for bit in range(length - 1, 0, -1):
            way = code >> bit & 1
            if not nodes[node][way]:
                nodes.append([0, 0])
                nodes[node][way] = len(nodes) - 1
            node = nodes[node][way]
        nodes[node][code & 1] = ~symbol
    ends, node = {0}, 0
    for _ in range(MAX_PADDING_BITS):
        node = nodes[node][1]
        ends.add(node)
    return [[_step(nodes, start, bits) for bits in range(16)] for start in range(len(nodes))], frozenset(ends)


def _step(nodes: list[list[int]], node: int, bits: int) -> tuple[int, bytes]:
    """Follow four bits from a node of the tree."""
    text = b''
    for bit in (3, 2, 1, 0):
        node = nodes[node][bits >> bit & 1]
        if node == ~END_OF_STRING:
            return -1, b''
        if node < 0:
            text, node = text + bytes((~node,)), 0
    return node, text


def decode(encoded: bytes) -> bytes:
    """Decode a text.

    Raises:
        ProtocolError: It has the end of the string in it, or ends with what is no padding.
    """
    return _remembered(encoded) if len(encoded) <= MAX_REMEMBERED_BYTES else _decode(encoded)


def _decode(encoded: bytes) -> bytes:
    steps, ends = table()
    state, out = 0, []
    for byte in encoded:
        state, text = steps[state][byte >> 4]
        if text:
            out.append(text)
        if state >= 0:
            state, text = steps[state][byte & 15]
            if text:
                out.append(text)
        if state < 0:
            raise ProtocolError('the end of the string within a Huffman code')
    if state not in ends:
        raise ProtocolError('a Huffman code that does not end')
    return b''.join(out)


_remembered = lru_cache(MAX_REMEMBERED)(_decode)
