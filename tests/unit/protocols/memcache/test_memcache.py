"""memcached: conversations recorded between real clients and servers in both of its protocols, and the corners beside them."""
import struct

import pytest

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, replay, same_in_every_slicing
from vaurien.protocols.memcache import Memcache
from vaurien.protocols.memcache.opcodes import OPCODES
from vaurien.protocols.memcache.text import MAX_QUIET_REQUESTS

RECORDED = corpus.conversations('memcache')
#: those that cannot be followed to their end: which side says so, and why
OPAQUE = {
    'binary-unknown-opcode': (CLIENT, 'not known'),
    'malformed-storage': (CLIENT, 'malformed'),
    'meta': (CLIENT, 'malformed'),
    'watch': (BACKEND, 'a log'),
}


def packet(opcode: int, key: bytes = b'', extras: bytes = b'', value: bytes = b'', opaque: bytes = b'\0\0\0\0',
           status: int = 0, magic: int = 0x80) -> bytes:
    """A packet of the binary protocol."""
    return struct.pack('>BBHBxHI4s8x', magic, opcode, len(key), len(extras), status, len(extras + key + value),
                       opaque) + extras + key + value


def answer(opcode: int, **rest: bytes | int) -> bytes:
    return packet(opcode, magic=0x81, **rest)   # type: ignore[arg-type]


def followed(*turns: Turn) -> Dialogue:
    """Replay a conversation that is followed to its end, in every slicing."""
    dialogue = same_in_every_slicing(Memcache, list(turns))
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    return dialogue


def pairs(*turns: Turn) -> list[tuple[str | None, bytes]]:
    """The responses of a conversation, each with the name of its request; empty where a quiet request was not answered."""
    dialogue = followed(*turns)
    assert not dialogue.protocol.queue
    return [(message.name, message.data) for message in dialogue.messages if message.sender == BACKEND]


@pytest.mark.parametrize('name', sorted(RECORDED.keys() - OPAQUE.keys()))
def test_recorded_conversation_is_followed_to_its_end(name: str) -> None:
    found = pairs(*RECORDED[name])
    asked = [exchange.name for exchange in followed(*RECORDED[name]).exchanges if exchange.expects]
    assert [name for name, _ in found if name is not None] == asked


@pytest.mark.parametrize('name', OPAQUE)
def test_recorded_conversation_is_followed_until_it_cannot_be(name: str) -> None:
    dialogue = same_in_every_slicing(Memcache, RECORDED[name])
    side, reason = OPAQUE[name]
    assert reason in dialogue.opaque[side]


def test_everyday_work_has_the_names_and_responses_that_were_meant() -> None:
    found = pairs(*RECORDED['pymemcache-replies'])
    assert ('set key', b'STORED\r\n') in found
    assert ('get none', b'END\r\n') in found
    assert ('add key', b'NOT_STORED\r\n') in found
    assert ('cas key', b'EXISTS\r\n') in found
    assert ('incr n', b'8\r\n') in found
    assert ('touch n', b'TOUCHED\r\n') in found
    assert ('get big', b'VALUE big 0 3000\r\n' + b'END\r\n' * 600 + b'\r\nEND\r\n') in found
    names = [name for name, _ in found]
    assert 'get m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11' in names
    assert next(data for name, data in found if name == 'stats').count(b'\r\n') > 50


def test_requests_without_reply_are_not_waited_for() -> None:
    dialogue = followed(*RECORDED['pymemcache-noreply'])
    silent = [exchange.name for exchange in dialogue.exchanges if not exchange.expects]
    assert silent[:4] == ['set key', 'add key', 'replace key', 'append key']
    assert silent[-2:] == ['flush_all 0 noreply', 'quit']


NOREPLY = [
    ('set a 0 0 1 noreply\r\nx\r\n', False), ('set a 0 0 1 norepl\r\nx\r\n', True), ('cas a 0 0 1 5 noreply\r\nx\r\n', False),
    ('delete a noreply\r\n', False), ('delete noreply\r\n', True), ('delete a 0 noreply\r\n', False),
    ('delete a 0 0 noreply\r\n', True), ('incr a 1 noreply\r\n', False), ('incr noreply\r\n', True),
    ('touch a 1 noreply\r\n', False), ('flush_all noreply\r\n', False), ('flush_all 0 0 noreply\r\n', True),
    ('verbosity 1 noreply\r\n', False), ('get noreply\r\n', True), ('version noreply\r\n', True), ('quit\r\n', False),
]


@pytest.mark.parametrize('line, expects', NOREPLY)
def test_noreply_counts_only_where_the_server_takes_it(line: str, expects: bool) -> None:
    dialogue = followed((CLIENT, line.encode()))
    assert [exchange.expects for exchange in dialogue.exchanges] == [expects]


NAMES = [
    (b'set key 0 0 5\r\nvalue\r\n', 'set key'), (b'get a b\r\n', 'get a b'), (b'gats 60 a\r\n', 'gats 60 a'),
    (b'incr n 1\r\n', 'incr n'), (b'mg key v\r\n', 'mg key'), (b'ms key 1 T0\r\nx\r\n', 'ms key'), (b'mn\r\n', 'mn'),
    (b'stats items\r\n', 'stats items'), (b'verbosity 1\r\n', 'verbosity 1'), (b'\r\n', ''), (b'NO such\n', 'NO such'),
    (b'get ' + b'k' * 5000 + b'\r\n', 'get ' + 'k' * 4092), (b'get \xff\r\n', 'get \ufffd'),
    (packet(0x01, b'key', b'\0' * 8, b'v'), 'set key'), (packet(0x00, b'key'), 'get key'), (packet(0x0d, b'key'), 'get key'),
    (packet(0x0a), 'noop'), (packet(0x10, b'items'), 'stats items'), (packet(0x00, b'k' * 5000), 'get ' + 'k' * 4092),
]


@pytest.mark.parametrize('request_, name', NAMES)
def test_request_is_named_by_its_command_and_key(request_: bytes, name: str) -> None:
    dialogue = followed((CLIENT, request_))
    assert [exchange.name for exchange in dialogue.exchanges] == [name]


def test_request_is_named_before_its_body_has_come() -> None:
    for begun, rest in ((b'set key 0 0 1000000\r\nabc', 999_999), (packet(1, b'key', b'\0' * 8, b'x' * 1000)[:100], 935)):
        dialogue = Dialogue(Memcache)
        dialogue.feed(CLIENT, begun)
        cutter = dialogue.protocol.request_cutter
        assert [exchange.name for exchange in dialogue.exchanges] == ['set key']
        assert (cutter.framer.rest, cutter.held) == (rest, b'')
        cutter.skipped(rest)
        assert list(cutter.cut(b'')) == [(0, dialogue.exchanges[0], True)]


def test_list_of_keys_may_be_longer_than_anything_is_held() -> None:
    keys = b'get ' + b' '.join(b'key:%06d' % n for n in range(20_000)) + b'\r\n'
    dialogue = Dialogue(Memcache)
    for at in range(0, len(keys), 1000):
        dialogue.feed(CLIENT, keys[at:at + 1000])
    assert [message.data for message in dialogue.messages] == [keys]
    assert len(dialogue.exchanges[0].name) == 4096


def test_value_of_a_response_passes_unseen() -> None:
    for asked, told in ((b'get a\r\n', b'VALUE a 0 1000000\r\nx'), (b'mg a v\r\n', b'VA 1000000\r\nx')):
        dialogue = replay(Memcache, [(CLIENT, asked), (BACKEND, told)])
        cutter = dialogue.protocol.response_cutter
        assert cutter.framer.rest == 1_000_001
        cutter.skipped(1_000_001)
        dialogue.feed(BACKEND, b'' if asked.startswith(b'mg') else b'END\r\n')
        assert not dialogue.protocol.queue


def test_dump_has_lines_of_its_own_kind_and_ends() -> None:
    """memcached 1.6 ends the lines of a dump with a mere line feed."""
    dump = b'key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=61\nkey=b exp=-1 la=1 cas=2 fetch=no cls=1 size=61\nEND\r\n'
    assert pairs((CLIENT, b'lru_crawler metadump all\r\n'), (BACKEND, dump)) == [('lru_crawler metadump all', dump)]
    told = b'mg a\r\nmg b\r\nEN\r\n'
    assert pairs((CLIENT, b'lru_crawler mgdump all\r\n'), (BACKEND, told)) == [('lru_crawler mgdump all', told)]


def test_error_ends_a_response_that_had_begun() -> None:
    told = b'VALUE a 0 1\r\nx\r\nSERVER_ERROR out of memory writing get response\r\n'
    assert pairs((CLIENT, b'get a b\r\nget c\r\n'), (BACKEND, told + b'END\r\n')) == [('get a b', told), ('get c', b'END\r\n')]


def test_late_error_of_a_request_without_reply_belongs_to_no_other() -> None:
    late = b'SERVER_ERROR out of memory storing object\r\n'
    assert pairs((CLIENT, b'set a 0 0 1 noreply\r\nx\r\nget b\r\n'), (BACKEND, late + b'END\r\n')) == [
        (None, late), ('get b', b'END\r\n')]
    assert pairs((CLIENT, b'set a 0 0 1 noreply\r\nx\r\n'), (BACKEND, late)) == [(None, late)]


def test_error_after_quiet_requests_belongs_to_the_one_that_has_it() -> None:
    asked = b'mg a v q\r\nms b 1 q\r\nx\r\nget c\r\nmn\r\n'
    stored, broken = b'SERVER_ERROR out of memory storing object\r\n', b'SERVER_ERROR backend failure\r\n'
    assert pairs((CLIENT, asked), (BACKEND, stored + b'END\r\nMN\r\n')) == [
        ('mg a', b''), ('ms b', stored), ('get c', b'END\r\n'), ('mn', b'MN\r\n')]
    assert pairs((CLIENT, asked), (BACKEND, broken + b'MN\r\n')) == [
        ('mg a', b''), ('ms b', b''), ('get c', broken), ('mn', b'MN\r\n')]
    assert pairs((CLIENT, b'mg a q\r\nmg b q\r\nmn\r\n'), (BACKEND, broken + b'MN\r\n')) == [
        ('mg a', broken), ('mg b', b''), ('mn', b'MN\r\n')]


def test_quiet_meta_commands_are_told_apart_by_opaque_and_key() -> None:
    asked = b'mg a v q O1\r\nmg b v q k\r\nmg c v q O2 k\r\nmg d q\r\nmg e q O1\r\nmg ZQ== b k q\r\nmn\r\n'
    told = b'VA 1 O2 kc\r\nx\r\nHD O1\r\nHD kZQ== b\r\nMN\r\n'
    assert [name for name, data in pairs((CLIENT, asked), (BACKEND, told)) if data] == ['mg c', 'mg e', 'mg ZQ==', 'mn']


def test_malformed_quiet_command_is_answered_after_all() -> None:
    found = dict(pairs(*RECORDED['meta-quiet'][2:]))
    assert found['mg b'] == b'CLIENT_ERROR invalid flag\r\n'


@pytest.mark.parametrize('line', [
    b'set a x 0 1\r\n', b'set a 0 0\r\n', b'set a 0 0 x\r\n', b'set a 0 0 -1\r\n', b'set a 0 0 1 2 3\r\n', b'cas a 0 0 1\r\n',
    b'set ' + b'k' * 251 + b' 0 0 1\r\n', b'set a 4294967296 0 1\r\n', b'set a 0 4294967296 1\r\n', b'set a 0 0 2147483647\r\n',
    b'ms a ' + b'9' * 5000 + b'\r\n', b'ms a x\r\n', b'ms a\r\n',
    b'ms a -1\r\n', b'slabs automove 1 noreply\r\n', b'lru mode flat noreply\r\n'])
def test_line_is_not_followed_where_it_is_unknown_what_the_server_takes_for_its_data(line: bytes) -> None:
    dialogue = same_in_every_slicing(Memcache, [(CLIENT, b'get a\r\n' + line + b'x\r\n'), (BACKEND, b'END\r\nERROR\r\n')])
    assert dialogue.opaque[CLIENT]
    assert [message.data for message in dialogue.messages] == [b'get a\r\n', b'END\r\n']


@pytest.mark.parametrize('line, length', [
    (b'set a 0 0 1 \r\n', 1), (b'set  a 0 0 1\n', 1), (b'set a +0 -1 +1\r\n', 1), (b'set a 0 0 01\r\n', 1),
    (b'set a 4294967295 2147483647 0\r\n', 0), (b'cas a 0 0 1 18446744073709551615\r\n', 1), (b'ms a 01 T0\r\n', 1),
    (b'ms ' + b'a' * 250 + b' 1\r\n', 1)])
def test_length_of_data_is_read_as_the_server_reads_it(line: bytes, length: int) -> None:
    dialogue = followed((CLIENT, line + b'x' * length + b'\r\n'))
    assert len(dialogue.messages) == 1


@pytest.mark.parametrize('asked, told', [
    (b'get a\r\n', b'STORED\r\n'), (b'set a 0 0 1\r\nx\r\n', b'END\r\n'), (b'incr a 1\r\n', b'x\r\n'), (b'mn\r\n', b'HD\r\n'),
    (b'get a\r\n', b'VALUE a 0 x\r\n'), (b'get a\r\n', b'VALUE a\r\n'), (b'mg a v\r\n', b'VA \r\n'), (b'', b'STORED\r\n'),
    (b'get a\r\n', b'VALUE a 0 ' + b'9' * 5000 + b'\r\n'),
    (packet(0), answer(1)), (packet(0), answer(0, opaque=b'1234')), (packet(0), packet(0)), (packet(0), b'ERROR\r\n')])
def test_response_that_belongs_to_no_request_is_not_followed(asked: bytes, told: bytes) -> None:
    dialogue = same_in_every_slicing(Memcache, [(CLIENT, asked), (BACKEND, told)])
    assert dialogue.opaque[BACKEND]


@pytest.mark.parametrize('asked', [
    b'\x80\x55' + packet(0)[2:], packet(0) + b'get a\r\n', packet(0) + packet(0, magic=0x81),
    b'\x80\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01' + b'\0' * 12, b'\x16\x03\x01\x02\x00\x01', b'\x81\x00'])
def test_request_of_another_protocol_is_not_followed(asked: bytes) -> None:
    assert same_in_every_slicing(Memcache, [(CLIENT, asked)]).opaque[CLIENT]


def test_quiet_requests_are_remembered_up_to_a_bound() -> None:
    for quiet in (b'mg a q\r\n', packet(0x09, b'a')):
        dialogue = replay(Memcache, [(CLIENT, quiet * (MAX_QUIET_REQUESTS + 1))])
        assert len(dialogue.protocol.queue) == MAX_QUIET_REQUESTS
        assert 'wait for a response' in dialogue.opaque[CLIENT]


def test_quiet_binary_requests_are_told_apart_by_opaque_and_key() -> None:
    found = pairs(*RECORDED['binary-quiet'])
    assert [name for name, data in found if name and data and not name.startswith(('noop', 'version'))] == [
        'add a', 'replace zz', 'get a', 'get b', 'get a', 'get b', 'get a', 'gat b', 'delete a', 'append zz']


def test_statistics_are_one_response_of_many_packets() -> None:
    some = answer(0x10, key=b'pid', value=b'1') + answer(0x10, key=b'time', value=b'2') + answer(0x10)
    refused = answer(0x10, status=1, value=b'Not found')
    assert pairs((CLIENT, packet(0x10) + packet(0x10, b'bogus')), (BACKEND, some + refused)) == [
        ('stats', some), ('stats bogus', refused)]


def test_every_opcode_has_a_name_and_quiet_ones_the_name_of_their_loud_one() -> None:
    quiet = {name for name, _, silent in OPCODES.values() if silent}
    assert quiet == {b'get', b'gat', b'set', b'add', b'replace', b'append', b'prepend', b'delete', b'incr', b'decr', b'quit',
                     b'flush_all'}
    assert quiet < {name for name, _, silent in OPCODES.values() if not silent}


def test_connection_of_the_binary_protocol_is_not_given_to_the_next_client() -> None:
    assert replay(Memcache, [(CLIENT, b'get a\r\n'), (BACKEND, b'END\r\n')]).protocol.reusable()
    assert not replay(Memcache, [(CLIENT, packet(0x0a)), (BACKEND, answer(0x0a))]).protocol.reusable()
    assert not replay(Memcache, [(CLIENT, b'mg a q\r\n')]).protocol.reusable()
