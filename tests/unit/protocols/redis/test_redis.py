"""Redis: conversations recorded between real clients and servers, and the corners that no client goes to by itself."""
import pytest

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, replay, same_in_every_slicing
from vaurien.protocols.redis import Redis
from vaurien.protocols.redis.requests import MAX_INLINE_BYTES
from vaurien.protocols.redis.resp import MAX_OPEN_AGGREGATES

RECORDED = corpus.conversations('redis')
#: those that cannot be followed to their end: which side says so, and why
OPAQUE = {
    'bad-length': (CLIENT, 'no length'),
    'client-reply-in-multi': (BACKEND, 'cannot be counted'),
    'inline-unbalanced': (CLIENT, 'unbalanced quotes'),
    'lua-debugger': (BACKEND, 'taken over'),
    'monitor': (BACKEND, 'taken over'),
    'replica': (BACKEND, 'taken over'),
    'subscribe-in-multi': (BACKEND, 'cannot be counted'),
}
#: those in which the server closed the connection and owed replies
CLOSED = {'http-request': ['POST /', 'Host: x'], 'refused-unblocked': ['SET a', 'GET a']}


def command(*words: str | bytes) -> bytes:
    data = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b'*%d\r\n' % len(data) + b''.join(b'$%d\r\n%b\r\n' % (len(word), word) for word in data)


def commands(text: str) -> bytes:
    """One command a line."""
    return b''.join(command(*line.split()) for line in text.splitlines() if line.strip())


def pairs(*turns: Turn) -> list[tuple[str | None, bytes]]:
    """The replies of a conversation that is followed to its end, each with the name of its request."""
    dialogue = same_in_every_slicing(Redis, list(turns))
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert not dialogue.protocol.queue
    return [(message.name, message.data) for message in dialogue.messages if message.sender == BACKEND]


@pytest.mark.parametrize('name', sorted(RECORDED.keys() - OPAQUE.keys()))
def test_recorded_conversation_is_followed_to_its_end(name: str) -> None:
    dialogue = same_in_every_slicing(Redis, RECORDED[name])
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    asked = [exchange.name for exchange in dialogue.exchanges if exchange.expects]
    answered = [message.name for message in dialogue.messages if message.sender == BACKEND and message.name is not None]
    assert answered + CLOSED.get(name, []) == asked
    assert [exchange.name for exchange in dialogue.protocol.queue] == CLOSED.get(name, [])


@pytest.mark.parametrize('name', OPAQUE)
def test_recorded_conversation_is_followed_until_it_cannot_be(name: str) -> None:
    dialogue = same_in_every_slicing(Redis, RECORDED[name])
    side, reason = OPAQUE[name]
    assert reason in dialogue.opaque[side]


def test_everyday_work_has_the_names_and_replies_that_were_meant() -> None:
    found = pairs(*RECORDED['redis-py-resp2-everyday'])
    assert ('SET key', b'+OK\r\n') in found
    assert ('GET missing', b'$-1\r\n') in found
    assert ('MGET a', b'*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n') in found
    assert ('GET p:7', b'$1\r\n7\r\n') in found
    assert ('EXEC', b'*3\r\n:2\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n$1\r\n2\r\n') in found
    assert ('GET big', b'$3000\r\n' + b'\r\n$3\r\n' * 500 + b'\r\n') in found


def test_pushes_and_messages_belong_to_no_request() -> None:
    kinds = {name: [data.split(b'\r\n')[2] for who, data in pairs(*RECORDED[name]) if who is None]
             for name in ('redis-py-resp2-pubsub', 'redis-py-resp3-pubsub', 'redis-py-resp3-tracking')}
    assert kinds == {'redis-py-resp2-pubsub': [b'message', b'pmessage', b'smessage', b'message'],
                     'redis-py-resp3-pubsub': [b'message', b'pmessage', b'smessage', b'message'],
                     'redis-py-resp3-tracking': [b'invalidate', b'invalidate']}


def test_subscribe_is_answered_once_a_channel_and_unsubscribe_once_a_channel_left() -> None:
    found = dict(pairs(*RECORDED['redis-py-resp2-pubsub']))
    assert found['SUBSCRIBE a'].count(b'subscribe') == 1     # the last one, to one channel
    first = pairs(*RECORDED['redis-py-resp2-pubsub'][:10])
    assert [data.count(b'$9\r\nsubscribe') for name, data in first if name == 'SUBSCRIBE a'] == [3]
    both = [data for name, data in pairs(*RECORDED['redis-py-resp2-pubsub']) if name == 'UNSUBSCRIBE']
    assert [data.count(b'unsubscribe') for data in both] == [2, 1]      # from two channels, and from none


def test_commands_that_are_not_answered_do_not_shift_the_others() -> None:
    assert pairs((CLIENT, commands("""
        client reply skip
        SET a 1
        GET a
        CLIENT REPLY OFF
        GET b
        CLIENT REPLY SKIP
        CLIENT REPLY ON
        REPLCONF ACK 1
        GET c""")), (BACKEND, b'$1\r\n1\r\n+OK\r\n$-1\r\n')) == [
        ('GET a', b'$1\r\n1\r\n'), ('CLIENT REPLY', b'+OK\r\n'), ('GET c', b'$-1\r\n')]


def test_empty_commands_are_not_answered() -> None:
    dialogue = same_in_every_slicing(Redis, [(CLIENT, b'\r\n*0\r\n*-1\r\n \n' + command('PING')), (BACKEND, b'+PONG\r\n')])
    assert [message.name for message in dialogue.messages] == [None, None, None, None, 'PING', 'PING']


INLINE_NAMES = [
    (b'GET  key\r\n', 'GET key'), (b'get key\n', 'get key'), (b'  PING \r\n', 'PING'), (b'SET "a b" c\r\n', 'SET "a b"'),
    (b"SET 'it\\'s' c\r\n", "SET 'it\\'s'"), (b'ECHO "\\"\\x41"\r\n', 'ECHO "\\"\\x41"'), (b'AUTH secret\r\n', 'AUTH'),
]


@pytest.mark.parametrize('line, name', INLINE_NAMES)
def test_line_of_text_is_a_command(line: bytes, name: str) -> None:
    dialogue = same_in_every_slicing(Redis, [(CLIENT, line), (BACKEND, b'+OK\r\n')])
    assert [message.name for message in dialogue.messages] == [name, name]


NAMES = [
    (command('SET', 'key', 'value'), 'SET key'), (command('ping'), 'ping'), (command('GET', ''), 'GET '),
    (command('AUTH', 'user', 'secret'), 'AUTH'), (command('HELLO', '3', 'AUTH', 'user', 'secret'), 'HELLO 3'),
    (command('GET', b'\xff'), 'GET \ufffd'), (command('EVAL', 'x' * 70_000, '0'), 'EVAL ' + 'x' * 4091),
    (command('S' * 5000), 'S' * 4096), (command('JSON.SET', 'doc', '$', '1'), 'JSON.SET doc'),
]


@pytest.mark.parametrize('request_, name', NAMES)
def test_request_is_named_by_its_command_and_first_argument(request_: bytes, name: str) -> None:
    dialogue = same_in_every_slicing(Redis, [(CLIENT, request_), (BACKEND, b'+OK\r\n')])
    assert [exchange.name for exchange in dialogue.exchanges] == [name]
    assert not dialogue.protocol.queue


def test_request_is_named_before_its_body_has_come() -> None:
    dialogue = Dialogue(Redis)
    dialogue.feed(CLIENT, b'*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1000000\r\nabc')
    assert [exchange.name for exchange in dialogue.exchanges] == ['SET key']
    assert dialogue.protocol.request_cutter.framer.rest == 1_000_000 + 2 - 3
    assert dialogue.protocol.request_cutter.held == b''


def test_long_argument_passes_unseen_up_to_its_last_byte() -> None:
    dialogue = Dialogue(Redis)
    dialogue.feed(CLIENT, b'*2\r\n$3\r\nSET\r\n$5000\r\n' + b'k' * 4096)
    cutter = dialogue.protocol.request_cutter
    cutter.skipped(cutter.framer.rest)
    assert list(cutter.cut(b'')) == [(0, dialogue.exchanges[0], True)]


def test_long_reply_passes_unseen_up_to_its_last_byte() -> None:
    dialogue = replay(Redis, [(CLIENT, command('GET', 'a')), (BACKEND, b'$1000000\r\n')])
    cutter = dialogue.protocol.response_cutter
    assert cutter.framer.rest == 1_000_002
    cutter.skipped(1_000_002)
    assert list(cutter.cut(b'')) == [(0, dialogue.exchanges[0], True)]


REPLIES = {
    'nested beyond any recursion': b'*1\r\n' * 50_000 + b':1\r\n',
    'nulls': b'*3\r\n$-1\r\n*-1\r\n_\r\n',
    'map of sets': b'%1\r\n~2\r\n:1\r\n#t\r\n~0\r\n',
    'attribute in front': b'|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n',
    'attribute inside': b'*2\r\n:1\r\n|1\r\n+ttl\r\n:3600\r\n:2\r\n',
    'attribute with nothing in it': b'|0\r\n:1\r\n',
    'verbatim, blob error, big number, double': b'*4\r\n=5\r\ntxt:a\r\n!3\r\nERR\r\n(123456789012345678901234567890\r\n,-inf\r\n',
    'text in pieces': b'$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n',
    'array that says where it ends': b'*?\r\n:1\r\n*2\r\n:2\r\n:3\r\n*?\r\n.\r\n%?\r\n+a\r\n$?\r\n;0\r\n.\r\n.\r\n',
    'no elements': b'*0\r\n', 'empty text': b'$0\r\n\r\n', 'empty line': b'+\r\n',
    'text that looks like a reply': b'$9\r\n+OK\r\n*1\r\n\r\n',
    'line with a lone carriage return': b'+a\rb\r\r\n',
    'error inside': b'*2\r\n-ERR no\r\n:1\r\n',
    'text of 1000 bytes': b'$1000\r\n' + b'x' * 1000 + b'\r\n',
}


@pytest.mark.parametrize('reply', REPLIES.values(), ids=REPLIES.keys())
def test_reply_is_one_message_however_it_is_built(reply: bytes) -> None:
    turns = [(CLIENT, command('X') + command('GET', 'next')), (BACKEND, reply + b'+OK\r\n')]
    dialogue = replay(Redis, turns) if len(reply) > 100_000 else same_in_every_slicing(Redis, turns)
    assert [message.data for message in dialogue.messages if message.sender == BACKEND] == [reply, b'+OK\r\n']
    assert dialogue.opaque[BACKEND] == ''


STRANGE_REPLIES = {
    'no type': b'hello\r\n', 'no length': b'$x\r\n', 'length without end': b'$' + b'1' * 40, 'negative': b'$-2\r\n',
    'end of nothing': b'.\r\n', 'piece of nothing': b';1\r\na\r\n', 'map without a length': b'%-1\r\n',
    'element without a type': b'*2\r\n:1\r\nx\r\n', 'deep without ends': b'*?\r\n' * (MAX_OPEN_AGGREGATES + 1),
}


@pytest.mark.parametrize('reply', STRANGE_REPLIES.values(), ids=STRANGE_REPLIES.keys())
def test_reply_that_is_none_cannot_be_followed(reply: bytes) -> None:
    dialogue = same_in_every_slicing(Redis, [(CLIENT, command('GET', 'a')), (BACKEND, reply)])
    assert dialogue.opaque[BACKEND]


def test_number_that_no_computer_reads_is_not_followed() -> None:
    told = b'*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:' + b'9' * 5000 + b'\r\n'
    assert same_in_every_slicing(Redis, [(CLIENT, command('SUBSCRIBE', 'a')), (BACKEND, told)]).opaque[BACKEND]


STRANGE_REQUESTS = {
    'TLS': b'\x16\x03\x01\x02\x00\x01\x00', 'no length': b'*x\r\n', 'no bulk string': b'*1\r\n+PING\r\n',
    'negative': b'*1\r\n$-1\r\n', 'no number': b'*2\r\n$3\r\nGET\r\n$1_0\r\n', 'line too long': b'x' * MAX_INLINE_BYTES,
    'binary line': b'GET \0\r\n', 'third word': b'*3\r\n$3\r\nSET\r\n$1\r\na\r\n:1\r\n', 'begun and left': b'$3\r\n"\r\n',
    'length without end': b'*' + b'1' * 40,
}


@pytest.mark.parametrize('request_', STRANGE_REQUESTS.values(), ids=STRANGE_REQUESTS.keys())
def test_request_that_is_none_cannot_be_followed_and_replies_owed_are(request_: bytes) -> None:
    turns = [(CLIENT, command('GET', 'a')), (CLIENT, request_), (BACKEND, b'+a\r\n')]
    dialogue = replay(Redis, turns) if len(request_) > 60_000 else same_in_every_slicing(Redis, turns)
    assert dialogue.opaque[CLIENT]
    assert (BACKEND, 'GET a', b'+a\r\n') in dialogue.messages


def test_reply_that_no_request_asked_for_cannot_be_followed_unless_it_is_an_error() -> None:
    assert same_in_every_slicing(Redis, [(BACKEND, b'+OK\r\n')]).opaque[BACKEND]
    assert pairs(*RECORDED['max-clients']) == [(None, b'-ERR max number of clients reached\r\n')]


def test_array_that_looks_like_a_message_is_a_reply_outside_subscriptions() -> None:
    lookalike = b'*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n'
    subscription = b'*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n'
    assert pairs((CLIENT, commands('LRANGE l 0 -1\nLRANGE k 0 -1')), (BACKEND, lookalike + subscription)) == [
        ('LRANGE l', lookalike), ('LRANGE k', subscription)]
    assert pairs(
        (CLIENT, commands('HELLO 3\nSUBSCRIBE a\nLRANGE l 0 -1')),
        (BACKEND, b'%0\r\n>' + subscription[1:] + lookalike))[-1] == ('LRANGE l', lookalike)


def test_subscription_that_is_refused_has_one_reply() -> None:
    assert pairs((CLIENT, commands('SUBSCRIBE a b c\nGET a')), (BACKEND, b'-NOPERM no\r\n$1\r\n1\r\n')) == [
        ('SUBSCRIBE a', b'-NOPERM no\r\n'), ('GET a', b'$1\r\n1\r\n')]


def test_messages_arrive_between_a_subscription_and_its_replies() -> None:
    said, message = b'*3\r\n$9\r\nsubscribe\r\n$1\r\n%b\r\n:%d\r\n', b'*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n'
    found = pairs((CLIENT, commands('SUBSCRIBE a\nSUBSCRIBE b')), (BACKEND, said % (b'a', 1) + message + said % (b'b', 2)))
    assert found == [('SUBSCRIBE a', said % (b'a', 1)), (None, message), ('SUBSCRIBE b', said % (b'b', 2))]


def test_channel_that_the_server_takes_away_is_no_reply() -> None:
    """A shard channel whose slot moves to another node (Redis 7, ``sunsubscribe`` unasked)."""
    gone = b'*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n'
    found = pairs((CLIENT, commands('SSUBSCRIBE a\nPING')),
                  (BACKEND, b'*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n' + gone + b'+PONG\r\n'))
    assert [name for name, _ in found] == ['SSUBSCRIBE a', None, 'PING']


def test_monitor_that_is_refused_leaves_the_session_as_it_was() -> None:
    assert pairs((CLIENT, commands('MONITOR\nGET a')), (BACKEND, b'-NOAUTH Authentication required.\r\n$1\r\n1\r\n')) == [
        ('MONITOR', b'-NOAUTH Authentication required.\r\n'), ('GET a', b'$1\r\n1\r\n')]


REUSABLE = [
    ('', True), ('GET a', True), ('SELECT 3', False), ('HELLO 3', False), ('CLIENT SETINFO LIB-NAME x', True),
    ('CLIENT SETNAME x', False), ('MULTI', False), ('MULTI\nGET a\nEXEC', True), ('WATCH a', False), ('AUTH x', False),
    ('SELECT 3\nRESET', True), ('CLIENT REPLY OFF\nRESET', True), ('SUBSCRIBE', False), ('select 3', False),
]


@pytest.mark.parametrize('text, reusable', REUSABLE)
def test_connection_is_given_to_the_next_client_only_as_good_as_new(text: str, reusable: bool) -> None:
    dialogue = replay(Redis, [(CLIENT, commands(text))])
    dialogue.protocol.queue.clear()
    assert dialogue.protocol.reusable() is reusable
