"""Sessions inside TLS are recorded as others are: on one side or on both, with faults, toxics, and however they end."""
import contextlib
import json
import ssl

import pytest

from tests.support.hosting import hosted, spec_for
from tests.support.peers import Backend, connect, read_exactly
from tests.support.tls import certificates, client_context, server_context
from vaurien.outputs.journal.file import JournalFile
from vaurien.spec import BehaviorSpec, ToxicSpec

GET, SET, NIL, OK = b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n', b'$-1\r\n', b'+OK\r\n'
LONG = b'$200000\r\n' + bytes(200_000) + b'\r\n'
SIDES = {'neither': ('', ''), 'client': ('tls://', ''), 'backend': ('', 'tls://'), 'both': ('tls://', 'tls://')}
#: what differs from one run to another
DIFFERENT = {'time', 'seconds', 'client'}


def answering(sock):
    """Answer as a Redis that has one long value."""
    while request := sock.recv(65536):
        sock.sendall(OK if b'SET' in request else LONG if b'long' in request else NIL)


def inside(sock):
    with contextlib.suppress(ssl.SSLError), server_context().wrap_socket(sock, server_side=True) as wrapped:
        answering(wrapped)


def journal_of(path, sides, talk, mix=(), **fields):
    """Have a client talk to a proxy with TLS on some sides, and return the lines of its journal."""
    before, behind = SIDES[sides]
    with Backend(inside if behind else answering) as backend, hosted(spec_for(
            behind + backend.address, mix, proxy=f'{before}127.0.0.1:0', protocol='redis',
            **certificates().both, **fields)) as host:
        journal = host.call(lambda: JournalFile(host.fleet, str(path)))
        with connect(host.port) as sock:
            if before:
                sock = client_context().wrap_socket(sock, server_hostname='localhost')
            with contextlib.closing(sock):
                talk(sock)
        host.wait_idle()
        host.call(journal.close)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return lines, [{key: value for key, value in line.items() if key not in DIFFERENT} for line in lines[2:]]


def usual(sock):
    for sent, wanted in ((GET, NIL), (SET, OK), (GET.replace(b'$1\r\na', b'$4\r\nlong'), LONG), (SET.replace(b'a', b'b'), None)):
        sock.sendall(sent)
        if wanted is not None:
            assert read_exactly(sock, len(wanted)) == wanted
        else:
            assert sock.recv(100).startswith(b'-READONLY')


READONLY = (BehaviorSpec(name='error', settings={'kind': 'readonly', 'match': '^SET b$'}),)


@pytest.mark.parametrize('sides', ['client', 'backend', 'both'])
def test_the_journal_is_the_same_as_without_tls(tmp_path, sides):
    _, clear = journal_of(tmp_path / 'clear', 'neither', usual, READONLY)
    assert [(line['type'], line.get('answer')) for line in clear] == [
        ('open', None), ('exchange', 'ok'), ('exchange', 'ok'), ('exchange', 'ok'), ('exchange', 'READONLY'), ('close', None)]
    _, found = journal_of(tmp_path / 'inside', sides, usual, READONLY)
    assert found == clear


@pytest.mark.parametrize('sides', ['client', 'both'])
def test_a_toxic_is_a_part_of_how_long_an_exchange_takes_inside_tls(tmp_path, sides):
    slow = (ToxicSpec(type='bandwidth', attributes={'rate': 1_000}),)     # 1 MB/s
    lines, found = journal_of(tmp_path / 'inside', sides, usual, READONLY, toxics=slow)
    assert [line.get('answer') for line in found if line['type'] == 'exchange'] == ['ok', 'ok', 'ok', 'READONLY']
    assert lines[5]['received'] == len(LONG)
    assert lines[5]['seconds'] > 0.15   # 200 KB at that rate


@pytest.mark.parametrize('sides', ['client', 'backend', 'both'])
def test_a_reset_is_vauriens_inside_tls(tmp_path, sides):
    def reset(sock):
        sock.sendall(GET)
        with contextlib.suppress(ConnectionError):      # OpenSSL may call a reset an end
            assert not sock.recv(1)
    _, found = journal_of(tmp_path / 'inside', sides, reset, (BehaviorSpec(name='abort', settings={}),))
    assert [(line['type'], line.get('fault'), line.get('by'), line.get('how')) for line in found] == [
        ('open', None, None, None), ('exchange', 'abort', None, None), ('close', None, 'vaurien', 'rst')]
