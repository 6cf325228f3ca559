"""What a backend sends. Before it stream 1 is over, and the client has asked on streams 3 and 5."""
from .client import KNOWN
from .words import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
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
    fields,
    frame,
    headers,
    literal,
    long,
    setting,
)

OK = b'\x88'    #: ``:status: 200``
ALL = END_HEADERS | END_STREAM
PROMISED = fields((b':method', b'GET'), (b':path', b'/style'), (b':scheme', b'http'), (b':authority', b'a'))


def answer(*more: tuple[bytes, bytes], flags: int = END_HEADERS, stream: int = 3) -> bytes:
    """Write the headers of a response."""
    return headers(stream, OK + fields(*more), flags)


FRAMES = (
    Case('4.1 flags of no meaning, and the reserved bit', answer() + frame(DATA, 0xC0, 3 | 1 << 31, b'content')),
    Case('4.1 frames of an unknown type', frame(0x16, 0xFF, 3, b'unknown') + frame(0x17, 0, 0, b'unknown')),
    Case('4.2 a frame of the largest size', answer() + frame(DATA, 0, 3, bytes(16384))),
    Case('4.2 a frame that is larger than was allowed', answer() + frame(DATA, 0, 3, bytes(20000))),
    Case('6.1 padded content', answer() + frame(DATA, PADDED, 3, b'\4content' + bytes(4))),
    Case('6.1 content on the connection', frame(DATA, 0, 0, b'content')),
    Case('6.2 padded headers', headers(3, b'\3' + OK + bytes(3), END_HEADERS | PADDED)),
    Case('6.2 headers with a priority', headers(3, long(0) + b'\5' + OK, END_HEADERS | WITH_PRIORITY)),
    Case('6.2 more padding than there is', headers(3, b'\x09' + OK, END_HEADERS | PADDED), RESET),
    Case('6.2 headers on the connection', headers(0, OK)),
    *(Case(f'{section} {NAMES[kind]} that is {words}', frame(kind, 0, stream, payload))
      for section, kind, stream, words, payload in (
        ('6.3', PRIORITY, 3, 'too short', b'\0\0\0\1'), ('6.4', RST_STREAM, 3, 'too short', bytes(3)),
        ('6.5', SETTINGS, 0, 'no whole number of settings', bytes(7)), ('6.7', PING, 0, 'too short', b'1234567'),
        ('6.8', GOAWAY, 0, 'too short', bytes(7)), ('6.9', WINDOW_UPDATE, 0, 'too long', bytes(5)))),
    Case('6.4 a reset before the response', frame(RST_STREAM, 0, 3, long(7))),
    Case('6.4 a reset in the midst of it', answer() + frame(DATA, 0, 3, b'half') + frame(RST_STREAM, 0, 3, long(2))),
    Case('6.4 an unknown error code', frame(RST_STREAM, 0, 3, long(0xFFFF))),
    Case('6.5 SETTINGS once more', frame(SETTINGS, 0, 0, setting(3, 1) + setting(4, 9))),
    Case('6.5 an acknowledgement', frame(SETTINGS, ACK)),
    Case('6.5.2 a table that is larger than is followed', frame(SETTINGS, 0, 0, setting(1, 1 << 20)), RESET),
    Case('8441 3 ENABLE_CONNECT_PROTOCOL', frame(SETTINGS, 0, 0, setting(8, 1))),
    Case('6.6 a promise', frame(PUSH_PROMISE, END_HEADERS, 3, long(2) + PROMISED) + answer(stream=2)
         + frame(DATA, END_STREAM, 2, b'style') + answer(flags=ALL)),
    Case('6.6 a padded promise in two frames', frame(PUSH_PROMISE, PADDED, 3, b'\2' + long(2) + PROMISED[:9] + bytes(2))
         + frame(CONTINUATION, END_HEADERS, 3, PROMISED[9:])),
    Case('6.6 a promise that is too short', frame(PUSH_PROMISE, END_HEADERS, 3, b'\0\0'), RESET),
    Case('6.6 a promise on an idle stream', frame(PUSH_PROMISE, END_HEADERS, 9, long(2) + PROMISED)),
    Case('6.6 a promise of an odd number', frame(PUSH_PROMISE, END_HEADERS, 3, long(7) + PROMISED)),
    Case('6.7 an acknowledged PING', frame(PING, ACK, 0, b'not-sent')),
    Case('6.8 GOAWAY, and what is served still', frame(GOAWAY, 0, 0, long(3) + long(0)) + answer(flags=ALL)),
    Case('6.8 GOAWAY twice', frame(GOAWAY, 0, 0, long((1 << 31) - 1) + long(0))
         + frame(GOAWAY, 0, 0, long(3) + long(0) + b'words')),
    Case('6.9 credit', frame(WINDOW_UPDATE, 0, 0, long(9)) + frame(WINDOW_UPDATE, 0, 3, long(9))),
    Case('6.9 credit of nothing', frame(WINDOW_UPDATE, 0, 0, long(0)) + frame(WINDOW_UPDATE, 0, 3, long(0))),
    Case('6.10 CONTINUATION', headers(3, OK, 0) + frame(CONTINUATION, 0, 3) + frame(CONTINUATION, END_HEADERS, 3, b'\x8f'),
         headers(3, OK + b'\x8f')),
    Case('6.10 content within headers', headers(3, OK, 0) + frame(DATA, 0, 3, b'content'), RESET),
    Case('6.10 CONTINUATION that goes on with nothing', frame(CONTINUATION, END_HEADERS, 3, OK), RESET),
)

STREAMS = (
    Case('5.1 responses in any order', answer(stream=5, flags=ALL) + answer(flags=ALL)),
    Case('5.1 responses in turns', answer() + answer(stream=5) + frame(DATA, 0, 3, b'a') + frame(DATA, 1, 5, b'b')
         + frame(DATA, 1, 3, b'c')),
    Case('5.1 content before headers', frame(DATA, 0, 3, b'content')),
    Case('5.1 content of an idle stream', frame(DATA, 0, 9, b'content')),
    Case('5.1 headers of an idle stream', answer(stream=9)),
    Case('5.1 headers of a stream that was never promised', answer(stream=4)),
    Case('5.1 content after the end', answer(flags=ALL) + frame(DATA, 0, 3, b'content')),
    Case('5.1 headers after the end', answer(flags=ALL) + answer()),
    Case('5.1 credit and a reset after the end', answer(flags=ALL) + frame(WINDOW_UPDATE, 0, 3, long(9))
         + frame(RST_STREAM, 0, 3, long(0))),
    Case('5.1 content after a reset', frame(RST_STREAM, 0, 3, long(8)) + frame(DATA, 0, 3, b'content')),
    Case('8.1 a response before the request has ended, and NO_ERROR', answer(stream=5, flags=ALL)
         + frame(RST_STREAM, 0, 5, long(0))),
    Case('8.1 interim responses', headers(3, fields((b':status', b'103'), (b'link', b'</a>'))) + headers(
        3, fields((b':status', b'100'))) + answer(flags=ALL)),
    Case('8.1 an interim response that ends the stream', headers(3, fields((b':status', b'103')), ALL)),
    Case('8.6 101 is not of HTTP/2', headers(3, fields((b':status', b'101')))),
    Case('8.1 trailers', answer() + frame(DATA, 0, 3, b'content') + headers(3, fields((b'x-sum', b'1')), ALL)),
    Case('8.1 trailers without content', answer() + headers(3, fields((b'x-sum', b'1')), ALL)),
    Case('8.1 trailers that end nothing', answer() + headers(3, fields((b'x-sum', b'1')))),
    Case('8.1.1 less content than was told', answer((b'content-length', b'9')) + frame(DATA, 1, 3, b'less')),
    Case('8.1.1 more content than was told', answer((b'content-length', b'1')) + frame(DATA, 1, 3, b'more')),
    Case('8.2.1 a name in capitals', answer((b'X-Capital', b'1'))),
    Case('8.2.2 a field of the connection', answer((b'transfer-encoding', b'chunked'))),
    Case('8.3.2 no status', headers(3, fields((b'server', b'none')))),
    Case('8.3.2 a status of letters', headers(3, fields((b':status', b'abc')))),
    Case('8.3 a status twice', headers(3, OK + OK)),
)

TABLES = (
    Case('7541 6.2.1 a field that is put into the table, and used on another stream',
         headers(3, OK + literal(b'x-known', b'1', 0x40)) + headers(5, OK + KNOWN, ALL),
         answer((b'x-known', b'1')) + answer((b'x-known', b'1'), stream=5, flags=ALL)),
    Case('7541 2.3.2 the table is one for all that is promised, too',
        frame(PUSH_PROMISE, END_HEADERS, 3, long(2) + PROMISED + literal(b'x-known', b'1', 0x40)) + headers(3, OK + KNOWN, ALL),
        frame(PUSH_PROMISE, END_HEADERS, 3, long(2) + PROMISED + literal(b'x-known', b'1'))
        + answer((b'x-known', b'1'), flags=ALL)),
    Case('7541 6.2.3 a field that must never be put into a table stays one', headers(3, OK + literal(b'x', b'1', 0x10))),
    Case('7541 4.2 the table is made smaller', headers(3, b'\x3f\x01' + OK) + headers(5, OK)),
    Case('7541 4.2 a size after a field', headers(3, OK + b'\x20'), RESET),
    Case('7541 6.3 a table that is larger than was allowed', headers(3, b'\x3f\xe2\x1f' + OK), RESET),
    Case('7541 6.1 a field of no table', headers(3, OK + b'\xff\x20'), RESET),
    Case('7541 5.2 the end of the string within a text', headers(3, OK + b'\0\1x\x84\xff\xff\xff\xff'), RESET),
)

CASES = (*FRAMES, *STREAMS, *TABLES)
