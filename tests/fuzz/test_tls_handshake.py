"""What is no handshake, or no longer one, on a socket: it ends its own connection, and a session beside it goes on.

``make fuzz-tls`` tries a hundred thousand: ``VAURIEN_FUZZ_HELLOS`` says how many, ``VAURIEN_FUZZ_SEED`` which.
"""
import os
import random
import socket

from tests.integration.test_tls import tls_echo
from tests.support.hosting import child, eventually, spec_for
from tests.support.peers import connect
from tests.support.tls import Talk, certificates, client_context
from tests.unit.net.tls.test_hello import extension, in_records, made, real_hello

HELLOS = int(os.environ.get('VAURIEN_FUZZ_HELLOS', '400'))
AT_ONCE = 50    #: connections that are open at the same time
SEED = int(os.environ.get('VAURIEN_FUZZ_SEED', '7'))
REAL = [real_hello(), real_hello('localhost', ()), real_hello(None, ('h2',))]
PIECES = [b'\x16\x03\x01', b'\x15\x03\x03\x00\x02\x02\x28', b'\x15\x03\x03\x00\x02\x01\x00', b'\x14\x03\x03\x00\x01\x01',
          b'\x17\x03\x03\x00\x20' + bytes(32), b'\xff' * 8, bytes(8), b'GET / HTTP/1.1\r\n\r\n', b'\x80\x2e\x01\x03\x01']


def nonsense(draw: random.Random) -> bytes:
    """Make what a client sends: a ClientHello that is damaged, cut, put together anew, or none at all."""
    hello = bytearray(draw.choice(REAL))
    kind = draw.randrange(6)
    if kind == 0:       # some bytes are others
        for _ in range(draw.randrange(1, 6)):
            hello[draw.randrange(len(hello))] = draw.randrange(256)
    elif kind == 1:     # something between
        at = draw.randrange(len(hello))
        hello[at:at + draw.randrange(4)] = draw.choice(PIECES)
    elif kind == 2:     # cut
        del hello[draw.randrange(len(hello)):]
    elif kind == 3:     # extensions of any kind
        kinds = [draw.choice((0, 10, 13, 16, 43, 45, 51, draw.randrange(65536))) for _ in range(draw.randrange(8))]
        names = b''.join(extension(kind, draw.randbytes(draw.randrange(40))) for kind in kinds)
        hello = bytearray(in_records(made(names), draw.choice((1, 7, 100, 16384))))
    elif kind == 4:     # any bytes
        hello = bytearray(draw.randbytes(draw.randrange(600)))
    else:               # a second one, or what does not come yet
        hello += draw.choice([*REAL, *PIECES])
    return bytes(hello)


def test_what_is_said_at_random_in_place_of_a_handshake_ends_its_own_connection_alone():
    draw, left = random.Random(SEED), HELLOS
    fields = {'proxy': 'tls://127.0.0.1:0', 'tls_verify': False, 'backlog': 4096, **certificates().ours}
    with tls_echo() as server, child(spec_for(f'tls://{server.address}', **fields)) as proxy, connect(proxy.port) as sock:
        beside = Talk(sock, client_context(), 'localhost')
        before = proxy.state()
        while left > 0:
            socks = [connect(proxy.port) for _ in range(min(left, AT_ONCE))]
            for one in socks:
                said = nonsense(draw)
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    if draw.randrange(4) == 0:
                        cut = draw.randrange(len(said) + 1)
                        one.sendall(said[:cut])
                        one.sendall(said[cut:])
                    else:
                        one.sendall(said)
                except ConnectionError:
                    pass
            assert beside.ask(b'still here') == b'still here'
            for one in socks:
                one.close()
            left -= len(socks)
        eventually(lambda: proxy.state()['sessions'] == 1, 'the end of all others')
        eventually(lambda: proxy.state()['fds'] <= before['fds'], 'as many descriptors as before')
        assert proxy.state()['peak'] - before['rss'] < 64 * 1024 * 1024
