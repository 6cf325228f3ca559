"""What one side of WebSocket may send, and what it may not: cases after groups 1 to 7 and 9 of the Autobahn test suite.

Written anew, since that suite is not to be had. A name begins with the number of the case there. Each gives the frames that one
side sends; what the other side makes of them is its own business.
"""
from functools import lru_cache
from typing import NamedTuple

from .websocket import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame

RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
STAR = b'*'
HELLO = 'Hello-µ@ßöäüàá-UTF-8!!'.encode()
BAD = b'\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited'   # a surrogate, which UTF-8 has not


class Sent(NamedTuple):
    """One frame, or what looks like one.

    Args:
        opcode: Its opcode.
        payload: What it carries.
        first: The bits beside the opcode.
    """

    opcode: int
    payload: bytes = b''
    first: int = FIN


@lru_cache
def written(name: str, mask: bytes = b'') -> bytes:
    """Return the bytes of a case; with a mask, those of a client."""
    return b''.join(frame(sent.opcode, sent.payload, mask, sent.first) for sent in CASES[name])


def pieces(opcode: int, *payloads: bytes, between: tuple[Sent, ...] = ()) -> list[Sent]:
    """Return a message in pieces, with control frames between any two."""
    frames = []
    for place, payload in enumerate(payloads):
        frames.append(Sent(CONTINUATION if place else opcode, payload, FIN if place == len(payloads) - 1 else 0))
        if place < len(payloads) - 1:
            frames.extend(between)
    return frames


def cut(payload: bytes, size: int) -> list[bytes]:
    """Return a payload in pieces of a size."""
    return [payload[at:at + size] for at in range(0, len(payload), size)]


BYE = Sent(CLOSE, b'\x03\xe8')
TEN_PINGS = [Sent(PING, b'payload-%d' % number) for number in range(10)]
PINGED = Sent(PING, b'highres ping payload'), Sent(PONG, b'unasked')

FRAMING = {f'1.{group}.{number}': [Sent(opcode, STAR * size), BYE]
           for group, opcode in ((1, TEXT), (2, BINARY))
           for number, size in enumerate((0, 125, 126, 127, 128, 65535, 65536), 1)}
PINGS = {
    '2.1': [Sent(PING), BYE], '2.2': [Sent(PING, b'Hello, world!'), BYE],
    '2.3': [Sent(PING, b'\0\xff\xfe\xfd\xfc\xfb\0\xff'), BYE],
    '2.4': [Sent(PING, b'\xfe' * 125), BYE], '2.5': [Sent(PING, b'\xfe' * 126), BYE], '2.6': [Sent(PING, b'\xfe' * 125), BYE],
    '2.7': [Sent(PONG), BYE], '2.8': [Sent(PONG, b'unsolicited pong payload'), BYE],
    '2.9': [Sent(PONG, b'unsolicited pong payload'), Sent(PING, b'ping payload'), BYE], '2.10': [*TEN_PINGS, BYE],
    '2.11': [*TEN_PINGS, *(Sent(PONG, ping.payload) for ping in TEN_PINGS), BYE],
}
RESERVED = {
    '3.1': [Sent(TEXT, HELLO, FIN | RSV3)], '3.2': [Sent(TEXT, HELLO), Sent(TEXT, HELLO, FIN | RSV2), Sent(PING)],
    '3.3': [Sent(TEXT, HELLO), Sent(TEXT, HELLO, FIN | RSV2 | RSV3), Sent(PING)],
    '3.4': [Sent(TEXT, HELLO), Sent(TEXT, HELLO, FIN | RSV1), Sent(PING)], '3.5': [Sent(BINARY, b'\0\xff', FIN | RSV1 | RSV3)],
    '3.6': [Sent(PING, HELLO, FIN | RSV1 | RSV2)], '3.7': [Sent(CLOSE, b'\x03\xe8', FIN | RSV1 | RSV2 | RSV3)],
}
OPCODES = {f'4.{group}.{number}': [*[Sent(TEXT, HELLO)] * (number > 2), Sent(opcode, HELLO if number % 2 else b''), Sent(PING)]
           for group, first in ((1, 3), (2, 11)) for number, opcode in enumerate(range(first, first + 5), 1)}
FRAGMENTS = {
    '5.1': [Sent(PING, b'fragment1', 0), Sent(CONTINUATION, b'fragment2')],
    '5.2': [Sent(PONG, b'fragment1', 0), Sent(CONTINUATION, b'fragment2')],
    '5.3': [*pieces(TEXT, b'fragment1', b'fragment2'), BYE], '5.4': [*pieces(TEXT, b'fragment1', b'fragment2'), BYE],
    '5.5': [*pieces(TEXT, *cut(b'fragment1fragment2', 1)), BYE],
    '5.6': [*pieces(TEXT, b'fragment1', b'fragment2', between=PINGED[:1]), BYE],
    '5.7': [*pieces(TEXT, b'fragment1', b'fragment2', between=PINGED), BYE],
    '5.8': [*pieces(BINARY, *cut(b'fragment1fragment2', 1), between=PINGED[:1]), BYE],
    '5.9': [Sent(CONTINUATION, b'non-continuation payload'), Sent(TEXT, HELLO)],
    '5.10': [Sent(CONTINUATION, b'non-continuation payload'), Sent(TEXT, HELLO), BYE],
    '5.11': [Sent(CONTINUATION, b''), Sent(TEXT, HELLO)], '5.12': [Sent(CONTINUATION, b'x', 0), Sent(TEXT, HELLO)],
    '5.13': [Sent(CONTINUATION, b'x', 0), Sent(TEXT, HELLO), BYE], '5.14': [Sent(CONTINUATION, b'', 0), Sent(TEXT, HELLO)],
    '5.15': [*pieces(TEXT, b'fragment1', b'fragment2'), Sent(CONTINUATION, b'fragment3', 0), Sent(TEXT, b'fragment4')],
    '5.16': [Sent(CONTINUATION, b'fragment1', 0), *pieces(TEXT, b'fragment2', b'fragment3')] * 2,
    '5.17': [Sent(CONTINUATION, b'fragment1'), *pieces(TEXT, b'fragment2', b'fragment3')] * 2,
    '5.18': [Sent(TEXT, b'fragment1', 0), Sent(TEXT, b'fragment2')],
    '5.19': [*pieces(TEXT, *(b'fragment%d' % number for number in range(1, 6)), between=PINGED[:1]), BYE],
    '5.20': [*pieces(BINARY, *(b'fragment%d' % number for number in range(1, 6)), between=PINGED), BYE],
}
#: text, good and bad, whole and in pieces, after group 6
TEXTS = {
    '6.1.1': b'', '6.2.1': HELLO, '6.3.1': BAD, '6.5.1': b'\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5', '6.6.1': b'\xce',
    '6.7.1': b'\0', '6.8.1': b'\xf8\x88\x80\x80\x80', '6.9.1': b'\x7f', '6.10.1': b'\xf7\xbf\xbf\xbf', '6.11.1': b'\xed\x9f\xbf',
    '6.12.1': b'\x80', '6.13.1': b''.join(bytes([byte]) + b' ' for byte in range(0xc0, 0xe0)), '6.14.1': b'\xc0',
    '6.15.1': b'\xc0\xe0\x80\xf0\x80\x80', '6.16.1': b'\xfe', '6.17.1': b'\xc0\xaf', '6.18.1': b'\xc1\xbf', '6.19.1': b'\xc0\x80',
    '6.20.1': b'\xed\xa0\x80', '6.21.1': b'\xed\xa0\x80\xed\xb0\x80', '6.22.1': b'\xef\xbf\xbe', '6.23.1': b'\xef\xbf\xbd',
}
UTF_8 = {
    **{name: [Sent(TEXT, text), BYE] for name, text in TEXTS.items()},
    **{f'{name} in pieces': [*pieces(TEXT, *cut(text, 1), between=PINGED[:1]), BYE]
       for name, text in TEXTS.items() if len(text) > 1},
    '6.4.1': [*pieces(TEXT, BAD[:12], BAD[12:14], BAD[14:])], '6.4.2': [*pieces(TEXT, BAD[:11], b'', BAD[11:], b'')],
    '6.1.2': pieces(TEXT, b'', b'', b''), '6.1.3': pieces(TEXT, b'', b'middle frame payload', b''),
}
GOOD_CODES = 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999
BAD_CODES = 0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535
CLOSING = {
    '7.1.1': [Sent(TEXT, HELLO), BYE], '7.1.2': [BYE, BYE], '7.1.3': [BYE, Sent(PING)], '7.1.4': [BYE, Sent(TEXT, HELLO)],
    '7.1.5': [Sent(TEXT, b'fragment1', 0), BYE, Sent(CONTINUATION, b'fragment2')],
    '7.1.6': [Sent(TEXT, STAR * 262_144), BYE, Sent(PING)],
    '7.3.1': [Sent(CLOSE)], '7.3.2': [Sent(CLOSE, b'a')], '7.3.3': [BYE], '7.3.4': [Sent(CLOSE, b'\x03\xe8Hello World!')],
    '7.3.5': [Sent(CLOSE, b'\x03\xe8' + STAR * 123)], '7.3.6': [Sent(CLOSE, b'\x03\xe8' + STAR * 124)],
    '7.5.1': [Sent(CLOSE, b'\x03\xe8' + BAD)],
    **{f'7.7 {code}': [Sent(CLOSE, code.to_bytes(2))] for code in GOOD_CODES},
    **{f'7.9 {code}': [Sent(CLOSE, code.to_bytes(2))] for code in BAD_CODES},
    '7.13.1': [Sent(CLOSE, b'\x03\xe8' + bytes(121))],
}
SIZES = 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024
LIMITS = {
    **{f'9.{group}.{number}': [Sent(opcode, STAR * size), BYE] for group, opcode in ((1, TEXT), (2, BINARY))
       for number, size in enumerate(SIZES, 1)},
    **{f'9.{group} in pieces of {size}': [*pieces(opcode, *cut(STAR * SIZES[1], size)), BYE]
       for group, opcode in ((3, TEXT), (4, BINARY)) for size in (64, 1024, 16 * 1024, 256 * 1024)},
    **{f'9.{group} {size} bytes, often': [*[Sent(opcode, STAR * size)] * 500, BYE] for group, opcode in ((7, TEXT), (8, BINARY))
       for size in (0, 16, 64, 256, 1024)},
}
CASES = {**FRAMING, **PINGS, **RESERVED, **OPCODES, **FRAGMENTS, **UTF_8, **CLOSING, **LIMITS}
#: those that take a while
LARGE = {name for name in CASES if name.startswith(('9.1', '9.2')) and not name.endswith('.1')}
#: how many bytes are sent at once; 0: all
SLICES = {'whole': 0, 'byte by byte': 1, 'in sevens': 7}
