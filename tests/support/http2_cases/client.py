"""What a client sends. Before it stream 1 is over, and stream 3 is open: its headers have put ``x-known: 1`` into the table."""
from .words import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    NAMES,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RESET,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    WITH_PRIORITY,
    Case,
    Own,
    fields,
    frame,
    headers,
    literal,
    long,
    setting,
)

PSEUDO = (b':method', b'POST'), (b':path', b'/next'), (b':scheme', b'http'), (b':authority', b'a')
ASKED = fields(*PSEUDO)
KNOWN = b'\xbe'     #: the newest field of the table
ALL = END_HEADERS | END_STREAM
EOS = b'\xff\xff\xff\xff'       #: the end of the string, in Huffman's code


def asks(*more: tuple[bytes, bytes], flags: int = ALL, stream: int = 5) -> bytes:
    """Write the headers of a request."""
    return headers(stream, ASKED + fields(*more), flags)


def malformed(section: str, *lines: tuple[bytes, bytes]) -> Case:
    """Return a request that is not well-formed: a peer that looks at it says so, the relay does not."""
    return Case(section, headers(5, fields(*lines), ALL))


FRAMES = (
    *(Case(f'4.1 flags that {name} has not are of no meaning', frame(kind, 0x40 | 0x80, stream, payload))
      for kind, name, stream, payload in (
          (DATA, 'DATA', 3, b'content'), (PRIORITY, 'PRIORITY', 3, long(1) + b'\5'), (RST_STREAM, 'RST_STREAM', 3, long(8)),
          (PING, 'PING', 0, b'abcdefgh'), (GOAWAY, 'GOAWAY', 0, long(0) * 2), (WINDOW_UPDATE, 'WINDOW_UPDATE', 0, long(5)))),
    Case('4.1 the reserved bit is of no meaning, of DATA', frame(DATA, 0, 3 | 1 << 31, b'content')),
    Case('4.1 the reserved bit is of no meaning, of HEADERS', headers(5 | 1 << 31, ASKED, ALL), asks()),
    Case('4.1 a frame of an unknown type on a stream', frame(0x16, 0xFF, 3, b'unknown')),
    Case('4.1 a frame of an unknown type on the connection', frame(0xFA, 0, 0, b'unknown')),
    Case('4.1 a frame of an unknown type on a stream that is not open', frame(0x16, 0, 99, b'')),
    Case('4.2 a frame of the largest size', frame(DATA, 0, 3, bytes(16384))),
    Case('4.2 a frame that is larger than was allowed', frame(DATA, 0, 3, bytes(16385))),
    Case('4.2 an empty frame', frame(DATA, 0, 3)),
    *(Case(f'{section} {NAMES[kind]} that is {words}', frame(kind, 0, stream, payload))
      for section, kind, stream, words, payload in (
        ('6.3', PRIORITY, 3, 'too short', b'\0\0\0\1'), ('6.3', PRIORITY, 3, 'too long', bytes(6)),
        ('6.4', RST_STREAM, 3, 'too short', b'\0\0\0'), ('6.4', RST_STREAM, 3, 'too long', bytes(5)),
        ('6.5', SETTINGS, 0, 'no whole number of settings', bytes(5)), ('6.7', PING, 0, 'too short', b'1234567'),
        ('6.7', PING, 0, 'too long', b'123456789'), ('6.8', GOAWAY, 0, 'too short', bytes(7)),
        ('6.9', WINDOW_UPDATE, 0, 'too short', bytes(3)), ('6.9', WINDOW_UPDATE, 3, 'too long', bytes(5)))),
    *(Case(f'{section} {NAMES[kind]} on the connection', frame(kind, flags, 0, payload)) for section, kind, flags, payload in (
        ('6.1', DATA, 0, b'content'), ('6.2', HEADERS, ALL, ASKED), ('6.3', PRIORITY, 0, long(1) + b'\5'),
        ('6.4', RST_STREAM, 0, long(8)))),
    *(Case(f'{section} {NAMES[kind]} on a stream', frame(kind, 0, 3, payload)) for section, kind, payload in (
        ('6.5', SETTINGS, setting(3, 5)), ('6.7', PING, b'12345678'), ('6.8', GOAWAY, long(0) * 2))),
    Case('6.1 padding is a part of the frame', frame(DATA, PADDED, 3, b'\4content' + bytes(4))),
    Case('6.1 padding of nothing', frame(DATA, PADDED, 3, b'\0content')),
    Case('6.1 a frame of padding alone', frame(DATA, PADDED | END_STREAM, 3, b'\4' + bytes(4))),
    Case('6.1 more padding than there is', frame(DATA, PADDED, 3, b'\x08content')),
    Case('6.2 padding and priority of headers', headers(5, b'\2' + long(3) + b'\x10' + ASKED + bytes(2),
                                                        ALL | PADDED | WITH_PRIORITY)),
    Case('6.2 more padding of headers than there is', headers(5, b'\xff' + ASKED, ALL | PADDED), RESET),
    Case('6.2 headers that are too short for their priority', headers(5, b'\0\0\0', ALL | WITH_PRIORITY), RESET),
    Case('6.5 SETTINGS that say nothing', frame(SETTINGS)),
    Case('6.5 an acknowledgement that was not asked for', frame(SETTINGS, ACK)),
    Case('6.5 an acknowledgement with a payload', frame(SETTINGS, ACK, 0, setting(3, 5))),
    Case('6.5.2 an unknown setting', frame(SETTINGS, 0, 0, setting(0xFF, 5))),
    Case('6.5.2 ENABLE_PUSH that is neither 0 nor 1', frame(SETTINGS, 0, 0, setting(2, 2))),
    Case('6.5.2 INITIAL_WINDOW_SIZE that is too large', frame(SETTINGS, 0, 0, setting(4, 1 << 31))),
    Case('6.5.2 MAX_FRAME_SIZE that is too small', frame(SETTINGS, 0, 0, setting(5, 16383))),
    Case('6.5.2 MAX_FRAME_SIZE that is too large', frame(SETTINGS, 0, 0, setting(5, 1 << 24))),
    Case('6.5.3 settings are read in their order', frame(SETTINGS, 0, 0, setting(1, 0) + setting(1, 4096) + setting(4, 9))),
    Case('6.6 a promise of a client', frame(PUSH_PROMISE, END_HEADERS, 3, long(2) + ASKED)),
    Case('6.7 an acknowledged PING', frame(PING, ACK, 0, b'not-sent')),
    Case('6.8 GOAWAY with words', frame(GOAWAY, 0, 0, long(0) + long(2) + b'words')),
    Case('6.8 GOAWAY twice, the second with a larger number',
         frame(GOAWAY, 0, 0, long(0) * 2) + frame(GOAWAY, 0, 0, long(8) * 2)),
    Case('6.9 credit of nothing for the connection', frame(WINDOW_UPDATE, 0, 0, long(0))),
    Case('6.9 credit of nothing for a stream', frame(WINDOW_UPDATE, 0, 3, long(0))),
    Case('6.9.1 more credit than a window has', frame(WINDOW_UPDATE, 0, 0, long((1 << 31) - 1)) * 2),
    Case('6.9.1 more credit than the window of a stream has', frame(WINDOW_UPDATE, 0, 3, long((1 << 31) - 1)) * 2),
    Case('6.10 CONTINUATION', headers(5, ASKED[:9], END_STREAM) + frame(CONTINUATION, 0, 5, ASKED[9:11])
         + frame(CONTINUATION, END_HEADERS, 5, ASKED[11:]), asks()),
    Case('6.10 CONTINUATION of nothing', headers(5, b'', END_STREAM) + frame(CONTINUATION, END_HEADERS, 5, ASKED), asks()),
    Case('6.10 CONTINUATION that goes on with nothing', frame(CONTINUATION, END_HEADERS, 5, ASKED), RESET),
    Case('6.10 another stream within headers', headers(5, ASKED[:9], 0) + frame(CONTINUATION, END_HEADERS, 7, ASKED[9:]), RESET),
    Case('6.10 another frame within headers', headers(5, ASKED[:9], 0) + frame(DATA, 0, 3, b'content'), RESET),
    Case('5.5 an unknown frame within headers', headers(5, ASKED[:9], 0) + frame(0x16, 0, 5), RESET),
)

STREAMS = (
    *(Case(f'5.1 {NAMES[kind]} on an idle stream', frame(kind, 0, 9, payload)) for kind, payload in (
        (DATA, b'content'), (RST_STREAM, long(8)), (WINDOW_UPDATE, long(5)), (PRIORITY, long(1) + b'\5'))),
    *(Case(f'5.1 {words} on a stream that the client has ended', frame(DATA, END_STREAM, 3, b'all') + after) for words, after in (
        ('DATA', frame(DATA, 0, 3, b'more')), ('HEADERS', asks(stream=3)), ('WINDOW_UPDATE', frame(WINDOW_UPDATE, 0, 3, long(9))),
        ('PRIORITY', frame(PRIORITY, 0, 3, long(1) + b'\5')), ('RST_STREAM', frame(RST_STREAM, 0, 3, long(8))))),
    *(Case(f'5.1 {words} on a stream that the client has reset', frame(RST_STREAM, 0, 3, long(8)) + after) for words, after in (
        ('DATA', frame(DATA, 0, 3, b'more')), ('HEADERS', asks(stream=3)), ('WINDOW_UPDATE', frame(WINDOW_UPDATE, 0, 3, long(9))),
        ('RST_STREAM', frame(RST_STREAM, 0, 3, long(8))))),
    Case('5.1.1 numbers of streams may leave some out', asks(stream=101) + asks(stream=0x7FFFFFFF)),
    Case('5.1.1 a stream of an even number', asks(stream=6), RESET),
    Case('5.1.1 a stream of a smaller number than one before', asks(stream=9) + asks(stream=7)),
    Case('5.1.2 a hundred streams at once', b''.join(asks(stream=number, flags=END_HEADERS) for number in range(5, 205, 2))),
    Case('5.3.1 a stream that depends on itself', headers(5, long(5) + b'\5' + ASKED, ALL | WITH_PRIORITY), asks()),
    Case('8.1 trailers', frame(DATA, 0, 3, b'content') + headers(3, fields((b'x-sum', b'1')), ALL)),
    Case('8.1 trailers that end nothing', headers(3, fields((b'x-sum', b'1')))),
    Case('8.1 trailers with a pseudo-header', headers(3, fields((b':path', b'/')), ALL)),
    Case('8.1.1 content that is shorter than was told', asks((b'content-length', b'9'), flags=END_HEADERS)
         + frame(DATA, END_STREAM, 5, b'less')),
    malformed('8.2.1 a name in capitals', *PSEUDO, (b'X-Capital', b'1')),
    malformed('8.2.1 a name of nothing', *PSEUDO, (b'', b'1')),
    malformed('8.2.1 a value with a line in it', *PSEUDO, (b'x', b'1\r\n2')),
    malformed('8.2.2 a field of the connection', *PSEUDO, (b'connection', b'close')),
    malformed('8.2.2 te that is not trailers', *PSEUDO, (b'te', b'gzip')),
    Case('8.2.3 cookies in pieces stay in pieces', asks((b'cookie', b'a=1'), (b'cookie', b'b=2'))),
    malformed('8.3 a pseudo-header after a field', *PSEUDO[:3], (b'x', b'1'), PSEUDO[3]),
    malformed('8.3 a pseudo-header twice', *PSEUDO, PSEUDO[1]),
    malformed('8.3 an unknown pseudo-header', *PSEUDO, (b':unknown', b'1')),
    malformed('8.3 a pseudo-header of responses', *PSEUDO, (b':status', b'200')),
    malformed('8.3.1 no path', *PSEUDO[:1], *PSEUDO[2:]),
    malformed('8.3.1 a path of nothing', PSEUDO[0], (b':path', b''), *PSEUDO[2:]),
    malformed('8.3.1 no method', *PSEUDO[1:]),
    malformed('8.3.1 authority and host that differ', *PSEUDO, (b'host', b'b')),
    Case('8.5 CONNECT has neither scheme nor path', headers(5, fields((b':method', b'CONNECT'), (b':authority', b'a:1')))
         + frame(DATA, 0, 5, b'tunnelled')),
    Case('8441 4 extended CONNECT', headers(5, fields((b':method', b'CONNECT'), (b':protocol', b'websocket'), *PSEUDO[1:]))),
)

TABLES = (
    Case('7541 6.1 a field of the table', headers(5, ASKED + KNOWN, ALL), asks((b'x-known', b'1'))),
    Case('7541 6.2.1 a field that is put into the table, and used', headers(5, ASKED + literal(b'x-new', b'2', 0x40) + KNOWN, ALL)
         + headers(7, ASKED + KNOWN + b'\xbf', ALL),
         asks((b'x-new', b'2'), (b'x-new', b'2')) + asks((b'x-new', b'2'), (b'x-known', b'1'), stream=7)),
    Case('7541 6.2.2 a name of the table', headers(5, ASKED + b'\x0f\x2f\1z', ALL), asks((b'x-known', b'z'))),
    Case('7541 6.2.3 a field that must never be put into a table stays one', headers(5, ASKED + literal(b'x', b'1', 0x10), ALL)),
    Case('7541 7.1.3 one of a name of the table, likewise', headers(5, ASKED + b'\x1f\x08\1z', ALL)),
    Case('7541 4.2 the table is made smaller, and as large as before', headers(5, b'\x20\x3f\xe1\x1f' + ASKED, ALL)),
    Case('7541 4.2 the table is emptied, and has nothing',
         headers(5, b'\x20' + ASKED, ALL) + headers(7, ASKED + KNOWN, ALL), RESET),
    Case('7541 4.2 a size after a field', headers(5, ASKED + b'\x20', ALL), RESET),
    Case('7541 4.3 a field that is larger than the table empties it', headers(5, b'\x3f\x01' + ASKED + literal(
        b'x', bytes(33), 0x40), ALL) + headers(7, ASKED, ALL)),
    Case('7541 6.3 a table that is larger than was allowed', headers(5, b'\x3f\xe2\x1f' + ASKED, ALL), RESET),
    Case('7541 6.1 field 0', headers(5, ASKED + b'\x80', ALL), RESET),
    Case('7541 6.1 a field of no table', headers(5, ASKED + b'\xff\x20', ALL), RESET),
    Case('7541 5.1 an integer that does not end', headers(5, ASKED + b'\xff\xff', ALL), RESET),
    Case('7541 5.1 an integer that is too large', headers(5, ASKED + b'\xff' + b'\xff' * 9 + b'\1', ALL), RESET),
    Case('7541 5.2 a text that does not end', headers(5, ASKED + b'\0\1x\x0922', ALL), RESET),
    Case('7541 5.2 a text in Huffman\'s code', headers(5, ASKED + b'\0\1x\x82\x64\x02', ALL), asks((b'x', b'302'))),
    Case('7541 5.2 padding that is longer than seven bits', headers(5, ASKED + b'\0\1x\x82\x1f\xff', ALL), RESET),
    Case('7541 5.2 padding that is not of ones', headers(5, ASKED + b'\0\1x\x81\x18', ALL), RESET),
    Case('7541 5.2 the end of the string within a text', headers(5, ASKED + b'\0\1x\x84' + EOS, ALL), RESET),
    Case('6.5.2 a table that is larger than is followed', frame(SETTINGS, 0, 0, setting(1, 1 << 20)), RESET),
    Case('10.5.1 more headers than are followed', headers(5, ASKED + literal(b'x', b'y' * 100, 0x40) + KNOWN * 600, ALL), RESET),
)


def credit(count: int) -> bytes:
    """Write credit for the connection."""
    return frame(WINDOW_UPDATE, 0, 0, long(count))


ANOTHER = b'\x3f\x01'    #: the table has 32 bytes from now on
OWN = (
    Own('6.9 content is credited', frame(DATA, 0, 1, b'content'), client=credit(7)),
    Own('6.9 padding is credited, and its length', frame(DATA, PADDED, 1, b'\4content' + bytes(4)), client=credit(12)),
    Own('6.9 content of nothing is not credited', frame(DATA, END_STREAM, 1)),
    Own('5.1 credit for a stream that the backend has not seen', frame(WINDOW_UPDATE, 0, 1, long(9))),
    Own('5.1 a reset of a stream that the backend has not seen', frame(RST_STREAM, 0, 1, long(8))),
    Own('5.3 a priority of a stream that the backend has not seen', frame(PRIORITY, 0, 1, long(0) + b'\5')),
    Own('5.5 an unknown frame of a stream that the backend has not seen', frame(0x16, 0, 1, b'unknown')),
    Own('8.1 trailers of a stream that the backend has not seen', headers(1, fields((b'x', b'1')), ALL)),
    Own('6.9 credit for the connection passes', credit(9), credit(9)),
    Own('6.8 GOAWAY of the client passes', frame(GOAWAY, 0, 0, long(0) * 2), frame(GOAWAY, 0, 0, long(0) * 2)),
    Own('7541 4.2 a size that was told in trailers that are dropped is told in the next headers',
        headers(1, ANOTHER + fields((b'x', b'1')), ALL) + headers(3, ASKED, ALL), headers(3, ANOTHER + ASKED, ALL)),
    Own('7541 4.2 of several sizes the smallest and the last are told',
        headers(1, b'\x20' + b'\x3f\x21' + fields((b'x', b'1')), ALL)
        + headers(3, ANOTHER + b'\x3f\x02' + ASKED, ALL), headers(3, b'\x20\x3f\x02' + ASKED, ALL)),
    Own('7541 2.3.2 a field that trailers which are dropped have put into the table',
        headers(1, literal(b'x-known', b'1', 0x40), ALL)
        + headers(3, ASKED + KNOWN, ALL), headers(3, ASKED + fields((b'x-known', b'1')), ALL)),
    Own('4.2 headers that are written anew take as many frames as they need', headers(3, ASKED + literal(b'x', b'y' * 99, 0x40)
        + KNOWN * 200, ALL), b''.join((
            headers(3, (ASKED + literal(b'x', b'y' * 99) * 201)[:16384], END_STREAM),
            frame(CONTINUATION, END_HEADERS, 3, (ASKED + literal(b'x', b'y' * 99) * 201)[16384:])))),
    Own('5.1.1 numbers of later streams stay', headers(7, ASKED, ALL), headers(7, ASKED, ALL)),
)

CASES = (*FRAMES, *STREAMS, *TABLES)
