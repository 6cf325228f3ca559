"""The ClientHello: real ones and made ones, whole and in every slicing, and what is none."""
import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaurien.net.tls import hello
from vaurien.net.tls.hello import MAX_HELLO, ClientHello, HelloReader, NoHelloError


def real_hello(name='db.example', alpn=('h2', 'http/1.1'), highest=ssl.TLSVersion.TLSv1_3):
    """Return what OpenSSL sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = highest
    if alpn:
        context.set_alpn_protocols(list(alpn))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, False, name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def suites(highest=ssl.TLSVersion.TLSv1_3):
    """Return the cipher suites that OpenSSL offers."""
    known = [suite for suite in ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()
             if highest is ssl.TLSVersion.TLSv1_3 or suite['protocol'] != 'TLSv1.3']
    return b''.join((suite['id'] & 0xffff).to_bytes(2) for suite in known) + b'\x00\xff'     # RFC 5746: no renegotiation


def in_records(message, size):
    """Return a message in records of so many bytes."""
    pieces = [message[at:at + size] for at in range(0, len(message), size)]
    return b''.join(b'\x16\x03\x01' + len(piece).to_bytes(2, 'big') + piece for piece in pieces)


def vector(size, data):
    return len(data).to_bytes(size, 'big') + data


def made(extensions=b'', padding=b''):
    """Return a ClientHello as a message, without records."""
    ciphers = vector(2, b'\x13\x01')
    body = b'\x03\x03' + bytes(32) + vector(1, b'') + ciphers + vector(1, b'\x00') + vector(2, extensions + padding)
    return b'\x01' + vector(3, body)


def extension(kind, data):
    return kind.to_bytes(2, 'big') + vector(2, data)


REAL = real_hello()
ASKED = ClientHello('db.example', ('h2', 'http/1.1'), (0x304, 0x303), suites())


def test_a_real_one_says_name_protocols_and_versions():
    assert HelloReader().feed(REAL) == ASKED


def test_one_that_offers_little_says_little():
    highest = ssl.TLSVersion.TLSv1_2
    assert HelloReader().feed(real_hello(None, (), highest)) == ClientHello('', (), (0x303,), suites(highest))


@pytest.mark.parametrize('size', [1, 2, 3, 5, 7, 100, 255, 512])
def test_the_pieces_that_it_comes_in_make_no_difference(size):
    reader = HelloReader()
    found = [reader.feed(REAL[at:at + size]) for at in range(0, len(REAL), size)]
    assert found[-1] == ASKED
    assert set(found[:-1]) <= {None}
    assert reader.data == REAL


@pytest.mark.parametrize('size', [1, 3, 50, 16384])
def test_the_records_that_it_lies_in_make_no_difference(size):
    assert HelloReader().feed(in_records(REAL[5:], size)) == ASKED


def test_one_of_nearly_the_most_bytes_is_read_byte_by_byte():
    name, padding = extension(0, vector(2, b'\x00' + vector(2, b'a.example'))), extension(21, bytes(MAX_HELLO - 300))
    data = in_records(made(name, padding), 16384)
    reader, found = HelloReader(), None
    for byte in data:
        found = reader.feed(bytes((byte,)))
    assert found is not None
    assert found.name == 'a.example'


@pytest.mark.parametrize('data, words', [
    (b'GET / HTTP/1.1\r\n', 'not TLS'),
    (b'\x16\x02', 'not TLS'),
    (b'\x16\x03\x01\x00\x00', 'a record of 0 bytes'),
    (b'\x16\x03\x01\xff\xff', 'a record of 65535 bytes'),
    (in_records(b'\x02\x00\x00\x00', 4), 'no ClientHello'),
    (in_records(b'\x01\x01\x00\x00', 4), 'more than'),
    (in_records(b'\x01' + vector(3, b'\x03\x03'), 100), 'malformed'),
    (in_records(made(extension(0, b'\x00\x09')), 100), 'malformed'),
    (in_records(made(extension(16, b'\x00\x09')), 100), 'malformed'),
    (in_records(made(b'\x00\x00\x00'), 100), 'malformed'),
], ids=str)
def test_what_is_none_is_refused(data, words):
    with pytest.raises(NoHelloError, match=words):
        HelloReader().feed(data)


def feed(reader, pieces):
    for piece in pieces:
        reader.feed(piece)


def test_records_that_hold_next_to_nothing_are_bounded_too():
    with pytest.raises(NoHelloError, match='more than'):
        feed(HelloReader(), (in_records(bytes((byte,)), 1) for byte in made(b'', bytes(MAX_HELLO - 400))))


@pytest.mark.parametrize('name', [b'', b'.example', b'a b', b'a\x00b', b'../etc', b'a' * 254, b'\xff'])
def test_a_name_that_no_certificate_has_is_none(name):
    hello = in_records(made(extension(0, vector(2, b'\x00' + vector(2, name)))), 1000)
    assert HelloReader().feed(hello).name == ''


def test_protocols_and_versions_that_only_keep_servers_tolerant_are_left_out():
    protocols = extension(16, vector(2, vector(1, b'\xfa\xfa') + vector(1, b'h2')))
    versions = extension(43, vector(1, b'\xfa\xfa\x03\x04'))
    assert HelloReader().feed(in_records(made(protocols + versions), 1000)) == ClientHello('', ('h2',), (0x304,), b'\x13\x01')


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(REAL) - 1), st.integers(0, 255)), max_size=8), st.integers(1, 600))
def test_damage_is_refused_or_read_and_nothing_else_is_raised(damage, size):
    data = bytearray(REAL)
    for at, byte in damage:
        data[at] = byte
    reader = HelloReader()
    try:
        for at in range(0, len(data), size):
            reader.feed(bytes(data[at:at + size]))
    except NoHelloError:
        pass


def test_there_are_only_so_many_large_ones_that_are_not_complete(monkeypatch):
    monkeypatch.setattr(hello, 'MAX_LARGE', 3)
    large = in_records(made(padding=extension(21, bytes(10_000))), 5_000)
    readers = [HelloReader() for _ in range(3)]
    assert [reader.feed(large[:9_000]) for reader in readers] == [None] * 3
    late = HelloReader()
    with pytest.raises(NoHelloError, match='more than 3 large ClientHellos'):
        late.feed(large[:9_000])
    assert late.data == b'\x16\x03\x01\xff\xff'     # nothing more is kept, and no server takes it
    assert HelloReader().feed(REAL) == ASKED
    assert readers[0].feed(large[9_000:]) is not None
    with pytest.raises(NoHelloError):
        readers[1].feed(b'rubbish' * 2_000)
    del readers[2]
    assert HelloReader.large == 0
    assert HelloReader().feed(large[:9_000]) is None


def test_of_what_is_too_much_nothing_is_kept():
    reader = HelloReader()
    assert reader.feed(b'\x16\x03\x01\x40\x00' + bytes(0)) is None
    with pytest.raises(NoHelloError, match='more than'):
        reader.feed(b'\x01\xff\xff\xff' + bytes(16_380))
    assert len(reader.data) == 5
