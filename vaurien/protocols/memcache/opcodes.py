"""The packets of memcached's binary protocol (memcached wiki, "Binary Protocol Revamped"): their header and their opcodes.

Tables; knows no exchange, and not where a packet begins.
"""
from struct import Struct
from typing import Final

REQUEST, RESPONSE = 0x80, 0x81      #: the first byte, by who sends it
HEADER_BYTES: Final = 24      #: [bytes]
#: the header: magic, opcode, length of the key, of the extras; data type, then status or vbucket; length of the body, opaque
FIELDS: Final = Struct('>BBHBxHI4s')
STAT: Final = 0x10
NOOP: Final = 0x0a

#: by opcode, the name of the command as in the text protocol, its stage, and whether it is quiet
OPCODES: Final = {
    **{code: (name, stage, False) for code, name, stage in (
        (0x00, b'get', 'get'), (0x0c, b'get', 'get'), (0x1d, b'gat', 'get'), (0x23, b'gat', 'get'),
        (0x01, b'set', 'store'), (0x02, b'add', 'store'), (0x03, b'replace', 'store'), (0x0e, b'append', 'store'),
        (0x0f, b'prepend', 'store'), (0x04, b'delete', 'delete'), (0x05, b'incr', 'arith'), (0x06, b'decr', 'arith'),
        (0x1c, b'touch', 'touch'), (0x07, b'quit', 'quit'), (0x08, b'flush_all', 'admin'), (NOOP, b'noop', 'noop'),
        (0x0b, b'version', 'noop'), (STAT, b'stats', 'stats'), (0x20, b'sasl_list', 'auth'), (0x21, b'sasl_auth', 'auth'),
        (0x22, b'sasl_step', 'auth'))},
    **{code: (name, stage, True) for code, name, stage in (
        (0x09, b'get', 'get'), (0x0d, b'get', 'get'), (0x1e, b'gat', 'get'), (0x24, b'gat', 'get'),
        (0x11, b'set', 'store'), (0x12, b'add', 'store'), (0x13, b'replace', 'store'), (0x19, b'append', 'store'),
        (0x1a, b'prepend', 'store'), (0x14, b'delete', 'delete'), (0x15, b'incr', 'arith'), (0x16, b'decr', 'arith'),
        (0x17, b'quit', 'quit'), (0x18, b'flush_all', 'admin'))},
}
QUITQ: Final = 0x17     #: the one request that never has a response
KEYED: Final = frozenset((0x0d, 0x24))  #: the quiet ones whose response repeats the key
