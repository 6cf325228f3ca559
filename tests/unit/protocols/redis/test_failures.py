"""The failures of Redis: where each fits, what the client gets for it and what the backend, and what the server says of both."""
import re
from pathlib import Path

import pytest

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, replay
from tests.unit.protocols.redis.test_redis import RECORDED, commands
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure
from vaurien.protocols.redis import Redis
from vaurien.protocols.redis import commands as redis
from vaurien.protocols.redis.failures import DISCARD, KINDS, ROWS, UNKNOWN

#: what the server says of itself; see the first line of the file
TABLE = [line.split() for line in (Path(corpus.__file__).parent / 'redis' / 'commands.txt').read_text().splitlines()[1:]]
#: commands whose subcommands differ: nothing is expected of them as a whole
GROUPS = {'ACL', 'CLIENT', 'CLUSTER', 'COMMAND', 'CONFIG', 'FUNCTION', 'LATENCY', 'MEMORY', 'MODULE', 'OBJECT', 'PUBSUB',
          'SCRIPT', 'SLOWLOG', 'XGROUP', 'XINFO'}
#: the bit, the flag of the server, and whether they mean the same or the opposite
FLAGS = [(redis.WRITE, 'write', True), (redis.GROW, 'denyoom', True), (redis.LOADED, 'loading', False),
         (redis.FRESH, 'stale', False), (redis.IDLE, 'allow_busy', False), (redis.GUARDED, 'no_auth', False),
         (redis.BLOCKS, 'blocking', True)]


def drawn(text: str, kind: str) -> tuple[Dialogue, Exchange, Failure]:
    """Send commands, and fail the last one."""
    dialogue = replay(Redis, [(CLIENT, commands(text))])
    exchange = dialogue.exchanges[-1]
    assert dialogue.protocol.fits(kind, exchange)
    return dialogue, exchange, KINDS[kind].build(dialogue.protocol, exchange)


def test_commands_are_what_the_server_says_they_are() -> None:
    assert len(TABLE) == 240
    for name, _, _, _, *flags in TABLE:
        if name in GROUPS or name in ('XREAD', 'XREADGROUP'):    # these wait only where they are asked to
            continue
        bits = redis.known(name.encode(), 9)
        assert {flag: bool(bits & bit) for bit, flag, _ in FLAGS} == \
            {flag: (flag in flags) is same for _, flag, same in FLAGS}, name


def test_keys_are_where_the_server_says_they_are() -> None:
    for name, first, last, step, *_ in TABLE:
        if name in ('SSUBSCRIBE', 'SUNSUBSCRIBE'):      # how their replies are special counts first
            continue
        for words in range(2, 8):
            bits, end = redis.known(name.lower().encode(), words), int(last) % words if int(last) < 0 else int(last)
            keys = range(int(first), end + 1, int(step)) if int(first) else []
            assert bool(bits & redis.KEYED) is (int(first) == 1), name
            assert bool(bits & redis.MULTI_KEY) is (len(keys) > 1 and keys[1] < words), (name, words)


def test_unknown_command_is_refused_where_most_are_and_has_no_known_key() -> None:
    assert redis.known(b'JSON.SET', 4) == redis.REFUSED


@pytest.mark.parametrize('key, slot', [
    (b'a', 15495), (b'{b}1', 3300), (b'{b}2', 3300), (b'123456789', 12739), (b'x{}y', redis.slot(b'x{}y')),
    (b'foo{}{bar}', redis.slot(b'foo{}{bar}')), (b'foo{{bar}}zap', redis.slot(b'{bar'))])
def test_slot_is_computed_as_the_server_does(key: bytes, slot: int) -> None:
    assert redis.slot(key) == slot      # 15495 and 3300 were told by a cluster, 12739 by its specification


def test_braces_with_nothing_between_them_are_part_of_the_key() -> None:
    assert redis.slot(b'foo{}{bar}') != redis.slot(b'bar')
    assert redis.slot(b'foo{bar}{zap}') == redis.slot(b'bar')


RECORDED_ERRORS = {line for turns in RECORDED.values() for sender, data in turns if sender == BACKEND
                   for line in data.decode('latin-1').split('\r\n') if line.startswith('-')}


@pytest.mark.parametrize('kind', ROWS)
def test_error_is_what_the_real_server_says(kind: str) -> None:
    assert ROWS[kind].text.startswith(f'{KINDS[kind].codes[0]} ')
    pattern = re.escape(ROWS[kind].text)
    for name, form in (('slot', r'\d+'), ('backend', r'[\d.]+:\d+'), ('command', r'\w+')):
        pattern = pattern.replace(re.escape(f'{{{name}}}'), form)
    assert any(re.fullmatch(f'-{pattern}', line) for line in RECORDED_ERRORS), \
        f'record a server that says this, with python -m tests.corpus: {ROWS[kind].text}'


@pytest.mark.parametrize('kind', [kind for kind, row in ROWS.items() if 'exec' in row.stages])
def test_transaction_fails_as_the_real_server_fails_it(kind: str) -> None:
    queued = 'SET a 1'
    dialogue, exchange, failure = drawn(f'MULTI\n{queued}\nEXEC', kind)
    assert failure == Failure(f'-EXECABORT Transaction discarded because of: {ROWS[kind].text}\r\n'.encode(), DISCARD)


def test_transaction_that_is_refused_is_recorded_with_the_same_words() -> None:
    assert sum(line.startswith('-EXECABORT Transaction discarded because of: ') for line in RECORDED_ERRORS) >= 3


FITS = [
    ('loading', 'GET a', True), ('loading', 'PING', True), ('loading', 'INFO', False), ('loading', 'MULTI', False),
    ('loading', 'QUIT', False), ('loading', 'X.Y a', True), ('busy', 'GET a', True), ('busy', 'SCRIPT KILL', False),
    ('readonly', 'SET a 1', True), ('readonly', 'set a 1', True), ('readonly', 'Set a 1', True), ('readonly', 'GET a', False),
    ('readonly', 'MULTI\nGET a\nEXEC', False), ('readonly', 'MULTI\nSET a 1\nEXEC', True), ('readonly', 'EXEC', False),
    ('oom', 'SET a 1', True), ('oom', 'DEL a', False), ('oom', 'GET a', False), ('oom', 'MULTI\nINCR a', True),
    ('noreplicas', 'DEL a', True), ('misconf', 'DEL a', True), ('masterdown', 'GET a', True), ('masterdown', 'INFO', False),
    ('clusterdown', 'GET a', True), ('clusterdown', 'PING', False), ('clusterdown', 'INFO server', False),
    ('moved', 'GET a', True), ('moved', 'GET', False), ('moved', 'EVAL x 0', False), ('ask', 'MULTI\nGET a', True),
    ('tryagain', 'MGET a b', True), ('tryagain', 'MGET a', False), ('tryagain', 'GET a', False),
    ('crossslot', 'MSET a 1 b 2', True), ('crossslot', 'MSET a 1', False), ('crossslot', 'RENAME a b', True),
    ('noauth', 'GET a', True), ('noauth', 'AUTH x', False), ('noauth', 'MULTI\nGET a', False), ('noauth', 'HELLO 3', False),
    ('noperm', 'GET a', True), ('noperm', 'MULTI\nGET a', True), ('noperm', 'QUIT', False),
    ('wrongpass', 'AUTH x', True), ('wrongpass', 'AUTH u x', True), ('wrongpass', 'HELLO 3 AUTH u x', True),
    ('wrongpass', 'HELLO 3', False), ('wrongpass', 'GET a', False), ('noproto', 'HELLO 3', True), ('noproto', 'HELLO', False),
    ('noscript', 'EVALSHA x 0', True), ('noscript', 'EVAL x 0', False), ('unblocked', 'BLPOP q 0', True),
    ('unblocked', 'LPOP q', False), ('unblocked', 'MULTI\nBLPOP q 0', False), ('execabort', 'MULTI\nEXEC', True),
    ('execabort', 'EXEC', False), ('execabort', 'MULTI\nGET a', False), ('watch-conflict', 'MULTI\nEXEC', False),
    ('max-clients', 'GET a', False), ('loading', 'CLIENT REPLY SKIP', False), ('loading', 'CLIENT REPLY OFF\nGET a', False),
    ('noauth', 'CLIENT REPLY ON', False), ('loading', 'DISCARD', False), ('noperm', 'MULTI\nDISCARD', False),
    ('loading', 'RESET', False), ('noperm', 'SUBSCRIBE a', True), ('readonly', 'MULTI\nMULTI', False),
]


@pytest.mark.parametrize('kind, text, fits', FITS)
def test_kind_appears_only_where_the_server_has_it(kind: str, text: str, fits: bool) -> None:
    dialogue = replay(Redis, [(CLIENT, commands(text))])
    assert dialogue.protocol.fits(kind, dialogue.exchanges[-1]) is fits


@pytest.mark.parametrize('kind', KINDS)
def test_opening_fails_only_as_openings_do(kind: str) -> None:
    opening = Exchange(b'connect', 'connect')
    assert Redis({}).fits(kind, opening) is (kind in ('max-clients', 'protected-mode'))


def test_client_too_many_is_told_what_the_server_tells_and_sent_away() -> None:
    failure = KINDS['max-clients'].build(Redis({}), Exchange(b'connect', 'connect'))
    assert [(BACKEND, failure.reply)] == RECORDED['max-clients']
    assert failure.end == 'close'


def test_redirection_names_the_slot_and_the_backend() -> None:
    assert drawn('GET {b}1', 'moved')[2] == Failure(b'-MOVED 3300 backend.test:80\r\n')
    assert drawn('GET {b}1', 'ask')[2] == Failure(b'-ASK 3300 backend.test:80\r\n')


def test_key_too_long_to_be_seen_whole_has_no_slot() -> None:
    dialogue = replay(Redis, [(CLIENT, commands(f'GET {"k" * 5000}'))])
    assert not dialogue.protocol.fits('moved', dialogue.exchanges[0])
    assert dialogue.protocol.fits('loading', dialogue.exchanges[0])


def test_error_names_the_command_in_one_line() -> None:
    assert drawn('SeT a 1', 'noperm')[2].reply == b"-NOPERM this user has no permissions to run the 'set' command\r\n"
    dialogue = replay(Redis, [(CLIENT, b'*1\r\n$5\r\n\r\nX\r\n\r\n')])
    assert KINDS['noperm'].build(dialogue.protocol, dialogue.exchanges[0]).reply.count(b'\r\n') == 1


def test_command_refused_while_queued_lets_the_server_refuse_the_transaction() -> None:
    dialogue, exchange, failure = drawn('MULTI\nSET a 1', 'oom')
    assert failure == Failure(b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", UNKNOWN)
    dialogue.feed(BACKEND, b'+OK\r\n' + b"-ERR unknown command 'VAURIEN'\r\n")
    assert not dialogue.protocol.queue


def test_stand_in_is_answered_once_where_the_subscription_had_three_replies() -> None:
    dialogue, exchange, failure = drawn('MULTI\nSUBSCRIBE a b c', 'noperm')
    dialogue.feed(BACKEND, b'+OK\r\n' + b"-ERR unknown command 'VAURIEN'\r\n")
    assert failure.request == UNKNOWN
    assert not dialogue.protocol.queue


def test_beginning_of_a_transaction_never_fails_lest_its_commands_are_run_one_by_one() -> None:
    dialogue = replay(Redis, [(CLIENT, commands('MULTI'))])
    assert not any(dialogue.protocol.fits(kind, dialogue.exchanges[0]) for kind in KINDS)


@pytest.mark.parametrize('refused', [[], [(BACKEND, b'-NOAUTH no\r\n')]], ids=['not yet', 'refused'])
def test_commands_after_multi_are_queued_whatever_the_server_has_said_by_then(refused: list[Turn]) -> None:
    dialogue = replay(Redis, [(CLIENT, commands('MULTI')), *refused, (CLIENT, commands('GET a\nEXEC'))])
    assert [exchange.stage for exchange in dialogue.exchanges] == ['command', 'queued', 'exec']


def test_replies_after_a_refused_multi_are_those_of_commands_that_are_run() -> None:
    dialogue = replay(Redis, [(CLIENT, commands('MULTI')), (BACKEND, b'-NOAUTH no\r\n'), (CLIENT, commands('SUBSCRIBE a b')),
                              (BACKEND, b'*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n')])
    assert len(dialogue.protocol.queue) == 1
    dialogue.feed(BACKEND, b'*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n')
    assert (list(dialogue.protocol.queue), dialogue.opaque) == ([], {CLIENT: '', BACKEND: ''})


@pytest.mark.parametrize('words', ['MULTI now', 'MULTI\nMULTI\nDISCARD'])
def test_multi_that_begins_nothing_queues_nothing(words: str) -> None:
    dialogue = replay(Redis, [(CLIENT, commands(f'{words}\nGET a'))])
    assert dialogue.exchanges[-1].stage == 'command'


def test_nested_transaction_is_refused_and_goes_on() -> None:
    dialogue = replay(Redis, [(CLIENT, commands('MULTI\nMULTI')), (BACKEND, b'+OK\r\n-ERR nested\r\n'),
                              (CLIENT, commands('GET a'))])
    assert dialogue.exchanges[-1].stage == 'queued'


@pytest.mark.parametrize('hello, null', [('HELLO 2', b'*-1\r\n'), ('HELLO 3', b'_\r\n')])
def test_changed_key_discards_the_transaction_with_a_null(hello: str, null: bytes) -> None:
    greeting = b'*0\r\n' if hello.endswith('2') else b'%0\r\n'
    dialogue = replay(Redis, [(CLIENT, commands(f'{hello}\nWATCH a')), (BACKEND, greeting + b'+OK\r\n'),
                              (CLIENT, commands('MULTI\nGET a\nEXEC'))])
    exchange = dialogue.exchanges[-1]
    assert dialogue.protocol.fits('watch-conflict', exchange)
    assert KINDS['watch-conflict'].build(dialogue.protocol, exchange) == Failure(null, DISCARD)
    pipelined = replay(Redis, [(CLIENT, commands(f'{hello}\nWATCH a\nMULTI\nGET a\nEXEC'))])
    exchange = pipelined.exchanges[-1]
    assert pipelined.protocol.fits('watch-conflict', exchange)
    exchange.failure = KINDS['watch-conflict'].build(pipelined.protocol, exchange)
    pipelined.feed(BACKEND, greeting + b'+OK\r\n+OK\r\n+QUEUED\r\n+OK\r\n')
    assert exchange.failure == Failure(null, DISCARD), 'the null is that of the version that was agreed on meanwhile'
    recorded = RECORDED[f'redis-py-resp{hello[-1]}-watch']
    assert (BACKEND, null) in recorded or any(data.endswith(null) for _, data in recorded)


@pytest.mark.parametrize('text', ['UNWATCH', 'MULTI\nEXEC', 'MULTI\nDISCARD', 'RESET'])
def test_keys_are_watched_no_longer_than_the_server_does(text: str) -> None:
    dialogue = replay(Redis, [(CLIENT, commands('WATCH a')), (BACKEND, b'+OK\r\n'), (CLIENT, commands(f'{text}\nMULTI\nEXEC'))])
    assert not dialogue.protocol.fits('watch-conflict', dialogue.exchanges[-1])


@pytest.mark.parametrize('refused, watched', [('WATCH a', False), ('WATCH a\nWATCH b', True)])
def test_keys_of_a_refused_watch_are_not_watched(refused: str, watched: bool) -> None:
    dialogue = drawn(refused, 'noperm')[0]
    dialogue.feed(CLIENT, commands('MULTI\nEXEC'))
    assert dialogue.protocol.fits('watch-conflict', dialogue.exchanges[-1]) is watched


@pytest.mark.parametrize('text', ['WATCH', 'MULTI\nWATCH a'])
def test_watch_that_no_server_accepts_watches_nothing(text: str) -> None:
    dialogue = replay(Redis, [(CLIENT, commands(f'{text}\nMULTI\nEXEC'))])
    assert not dialogue.protocol.fits('watch-conflict', dialogue.exchanges[-1])


@pytest.mark.parametrize('text', ['MONITOR', 'SYNC', 'MULTI\nSUBSCRIBE a\nEXEC'])
def test_nothing_is_drawn_after_what_may_take_the_connection_over(text: str) -> None:
    dialogue = replay(Redis, [(CLIENT, commands(f'{text}\nGET a'))])
    assert dialogue.exchanges[-2].stage not in Redis.undrawn
    assert dialogue.exchanges[-1].stage in Redis.undrawn


def test_monitor_that_was_refused_here_takes_nothing_over() -> None:
    dialogue = drawn('MONITOR', 'noperm')[0]
    dialogue.feed(CLIENT, commands('GET a'))
    assert dialogue.exchanges[-1].stage == 'command'


def test_client_that_was_waiting_is_sent_away() -> None:
    assert drawn('BLPOP q 0', 'unblocked')[2].end == 'close'


def test_each_kind_has_a_description_of_one_sentence() -> None:
    for name, kind in KINDS.items():
        assert kind.description.endswith('.'), name
        assert kind.description[0].isupper(), name
