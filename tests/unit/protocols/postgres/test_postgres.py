"""PostgreSQL: conversations recorded between real clients and a real server, and the corners that they leave out."""
import pytest

from tests import corpus
from tests.support import framing
from tests.support import postgres_talk as pg
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, replay, same_in_every_slicing
from vaurien.protocols.message import MAX_NAME_BYTES
from vaurien.protocols.postgres import PostgreSQL
from vaurien.protocols.postgres.requests import MAX_REMEMBERED_TEXTS

RECORDED = corpus.conversations('postgres')
#: those that cannot be followed to their end: why, by the side that says so first
OPAQUE = {
    'encryption-accepted': 'encrypted',
    'gssapi-accepted': 'encrypted',
    'replication-stream': 'replication',
}
#: those in which the server closed the connection and owed a response
OWED = {'terminated': ['select 1']}


def pairs(*turns: Turn) -> list[tuple[str | None, bytes]]:
    """The responses after a login, each with the name of its request, of a conversation that is followed to its end."""
    dialogue = same_in_every_slicing(PostgreSQL, [*pg.LOGIN, *turns])
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert not dialogue.protocol.queue
    return [(message.name, message.data) for message in dialogue.messages if message.sender == BACKEND][1:]


def names(*turns: Turn) -> list[str]:
    return [exchange.name for exchange in same_in_every_slicing(PostgreSQL, list(turns)).exchanges]


def logged_in() -> Dialogue:
    return replay(PostgreSQL, pg.LOGIN)


# -- recorded

@pytest.mark.parametrize('name', sorted(RECORDED.keys() - OPAQUE.keys()))
def test_recorded_conversation_is_followed_to_its_end(name):
    dialogue = same_in_every_slicing(PostgreSQL, RECORDED[name])
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert [exchange.name for exchange in dialogue.protocol.queue] == OWED.get(name, [])


@pytest.mark.parametrize('name', OPAQUE)
def test_recorded_conversation_is_followed_until_it_cannot_be(name):
    dialogue = same_in_every_slicing(PostgreSQL, RECORDED[name])
    assert OPAQUE[name] in dialogue.opaque[BACKEND]


def answers(name: str) -> dict[str | None, bytes]:
    return {message.name: message.data for message in replay(PostgreSQL, RECORDED[name]).messages
            if message.sender == BACKEND and message.data}


@pytest.mark.parametrize('name, request_name, begins, ends', [
    ('simple-queries', 'select 1; select 2', b'T', b'SELECT 1\0' + pg.IDLE),
    ('transactions', 'select * from nowhere', b'E', pg.FAILED),
    ('extended-protocol', 'select 1', b'D', pg.complete()),
    ('pipeline', 'select count(*) from item', b'D', pg.complete()),
    ('copy', 'copy item to stdout', b'H', pg.IN_BLOCK),
    ('copy-in-the-extended-protocol', 'copy item to stdout', b'H', pg.complete('COPY 2')),
    ('function-calls', 'FunctionCall 1397', b'V', pg.IDLE),
    ('cancelled-query', 'select pg_sleep(5)', b'T', pg.IDLE),
    ('password-scram', 'startup user=scrammy database=postgres', b'R', pg.IDLE),
    ('wrong-password', 'startup user=scrammy database=postgres', b'R', b'Rauth_failed\0\0'),
    ('newer-version', 'startup user=postgres database=postgres', b'v', pg.IDLE),
    ('replication-commands', 'IDENTIFY_SYSTEM;', b'T', pg.IDLE),
    ('terminated', None, b'E', b'RProcessInterrupts\0\0'),
])
def test_recorded_response_belongs_to_its_request(name, request_name, begins, ends):
    answer = answers(name)[request_name]
    assert answer.startswith(begins)
    assert answer.endswith(ends)


# -- the start-up

def test_authentication_belongs_to_the_startup():
    ask, password = pg.message(b'R', b'\0\0\0\3'), pg.message(b'p', b'secret\0')
    dialogue = same_in_every_slicing(PostgreSQL, [
        (CLIENT, pg.startup(user='ann')), (BACKEND, ask), (CLIENT, password), (BACKEND, pg.LOGIN[1][1])])
    name = 'startup user=ann database=ann'
    assert [(message.sender, message.name) for message in dialogue.messages] == [(CLIENT, name), (CLIENT, None), (BACKEND, name)]
    assert dialogue.messages[-1].data == ask + pg.LOGIN[1][1]


def test_startup_goes_on_when_encryption_is_refused():
    assert names((CLIENT, pg.GSSAPI), (BACKEND, b'N'), (CLIENT, pg.SSL), (BACKEND, b'N'), *pg.LOGIN) == \
        ['GSSENCRequest', 'SSLRequest', 'startup user=ann database=shop']


@pytest.mark.parametrize('ask, answer', [(pg.SSL, b'S'), (pg.GSSAPI, b'G')])
def test_everything_after_agreed_encryption_is_opaque(ask, answer):
    dialogue = same_in_every_slicing(PostgreSQL, [(CLIENT, ask), (BACKEND, answer + b'from the server'),
                                                  (CLIENT, b'\x16\x03\x01\x02\x00\x01')])
    assert [message.data for message in dialogue.messages] == [ask, answer]
    assert dialogue.tail == {CLIENT: b'\x16\x03\x01\x02\x00\x01', BACKEND: b'from the server'}


def test_a_server_that_does_not_know_encryption_responds_with_an_error():
    dialogue = same_in_every_slicing(PostgreSQL, [(CLIENT, pg.SSL), (BACKEND, pg.error('0A000', 'FATAL'))])
    assert [message.name for message in dialogue.messages] == ['SSLRequest', 'SSLRequest']
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}


def test_a_cancel_request_expects_nothing():
    dialogue = same_in_every_slicing(PostgreSQL, [(CLIENT, pg.CANCEL)])
    assert [(exchange.name, exchange.expects) for exchange in dialogue.exchanges] == [('CancelRequest', False)]


def test_a_server_process_serves_one_client():
    assert not logged_in().protocol.reusable()


# -- names

def test_a_query_is_named_by_its_text():
    long = 'select ' + 'x' * MAX_NAME_BYTES
    queries = pg.query('SELECT é') + pg.query(long) + pg.query('')
    assert names(*pg.LOGIN, (CLIENT, queries))[1:] == ['SELECT é', long[:MAX_NAME_BYTES], '']


@pytest.mark.parametrize('size, cut', [
    (MAX_NAME_BYTES - 2, MAX_NAME_BYTES - 2), (MAX_NAME_BYTES - 1, MAX_NAME_BYTES - 1), (MAX_NAME_BYTES, MAX_NAME_BYTES),
    (MAX_NAME_BYTES + 1, MAX_NAME_BYTES),
])
def test_a_name_is_cut_at_the_same_byte_in_every_slicing(size, cut):
    assert names(*pg.LOGIN, (CLIENT, pg.query('x' * size)))[1:] == ['x' * cut]


def test_an_execute_is_named_by_the_statement_that_its_portal_was_bound_to():
    asked = pg.parse('select 1', 's1') + pg.parse('select 2') + pg.bind('s1', 'p1') + pg.bind() + pg.execute('p1') + pg.execute()
    assert names(*pg.LOGIN, (CLIENT, asked))[-2:] == ['select 1', 'select 2']


def test_an_execute_of_what_was_never_seen_is_called_so():
    assert names(*pg.LOGIN, (CLIENT, pg.bind('gone', 'p') + pg.execute('p') + pg.execute('q')))[-2:] == ['Execute', 'Execute']


def test_a_closed_statement_is_forgotten():
    asked = pg.parse('select 1', 's1') + pg.close('s1') + pg.bind('s1') + pg.execute()
    assert names(*pg.LOGIN, (CLIENT, asked))[-1] == 'Execute'


def test_only_so_many_statements_are_remembered_and_the_oldest_goes_first():
    asked = b''.join(pg.parse(f'select {number}', f's{number}') for number in range(MAX_REMEMBERED_TEXTS + 1))
    asked += pg.bind('s0') + pg.execute() + pg.bind('s1') + pg.execute()
    dialogue = replay(PostgreSQL, [*pg.LOGIN, (CLIENT, asked)])
    assert [dialogue.exchanges[at].name for at in (-3, -1)] == ['Execute', 'select 1']
    assert len(dialogue.protocol.statements) == MAX_REMEMBERED_TEXTS


def test_a_statement_that_is_prepared_anew_makes_no_other_forgotten():
    asked = b''.join(pg.parse(f'select {number}', f's{number}') for number in range(MAX_REMEMBERED_TEXTS))
    asked += pg.parse('select x', 's1') + pg.bind('s0') + pg.execute() + pg.bind('s1') + pg.execute()
    dialogue = replay(PostgreSQL, [*pg.LOGIN, (CLIENT, asked)])
    assert [dialogue.exchanges[at].name for at in (-3, -1)] == ['select 0', 'select x']


def test_the_other_messages_are_called_by_their_sort():
    asked = pg.parse('select 1') + pg.bind() + pg.describe() + pg.FLUSH + pg.SYNC + pg.call(7) + pg.TERMINATE
    assert names(*pg.LOGIN, (CLIENT, asked))[1:] == ['Parse', 'Bind', 'Describe', 'Flush', 'Sync', 'FunctionCall 7', 'Terminate']


# -- responses and their requests

def test_what_the_server_says_of_its_own_accord_is_no_response_also_in_the_middle_of_one():
    dialogue = replay(PostgreSQL, [*pg.LOGIN, (BACKEND, pg.NEWS), (CLIENT, pg.query('select 1')), (
        BACKEND, pg.COLUMNS + pg.NOTICE + pg.ROW + pg.SETTING + pg.complete() + pg.NEWS + pg.IDLE + pg.NEWS)])
    assert [message.name for message in dialogue.messages if message.sender == BACKEND][1:] == \
        [None, None, None, None, 'select 1', None]


def test_pipelined_groups_are_answered_in_order():
    asked = pg.parse('select 1') + pg.bind() + pg.describe() + pg.execute() + pg.SYNC
    answer = pg.PARSED, pg.BOUND, pg.COLUMNS, pg.ROW + pg.complete(), pg.IDLE
    assert pairs((CLIENT, asked * 2 + pg.query('')), (BACKEND, b''.join(answer) * 2 + pg.NOTHING_ASKED + pg.IDLE)) == [
        *zip(('Parse', 'Bind', 'Describe', 'select 1', 'Sync'), answer, strict=True),
        *zip(('Parse', 'Bind', 'Describe', 'select 1', 'Sync'), answer, strict=True),
        ('', pg.NOTHING_ASKED + pg.IDLE)]


def test_a_statement_is_described_in_two_messages():
    asked = pg.message(b'D', b'S\0') + pg.message(b'D', b'S\0') + pg.SYNC
    assert pairs((CLIENT, asked), (BACKEND, pg.PARAMETERS + pg.COLUMNS + pg.PARAMETERS + pg.NO_DATA + pg.IDLE)) == [
        ('Describe', pg.PARAMETERS + pg.COLUMNS), ('Describe', pg.PARAMETERS + pg.NO_DATA), ('Sync', pg.IDLE)]


def test_a_suspended_portal_goes_on_with_the_next_execute():
    asked = pg.parse('select 1') + pg.bind() + pg.execute() + pg.FLUSH + pg.execute() + pg.SYNC
    answer = pg.PARSED + pg.BOUND + pg.ROW + pg.SUSPENDED + pg.ROW + pg.complete() + pg.IDLE
    assert pairs((CLIENT, asked), (BACKEND, answer))[2:] == [
        ('select 1', pg.ROW + pg.SUSPENDED), ('select 1', pg.ROW + pg.complete()), ('Sync', pg.IDLE)]


def test_what_was_sent_before_the_sync_is_skipped_after_an_error():
    asked = pg.parse('select 1') + pg.bind() + pg.execute() + pg.query('select 2') + pg.SYNC + pg.query('select 3')
    assert pairs((CLIENT, asked), (BACKEND, pg.PARSED + pg.error() + pg.IDLE + pg.complete() + pg.IDLE)) == [
        ('Parse', pg.PARSED), ('Bind', pg.error()), ('select 1', b''), ('select 2', b''), ('Sync', pg.IDLE),
        ('select 3', pg.complete() + pg.IDLE)]


def test_what_is_sent_after_an_error_and_before_the_sync_expects_nothing():
    turns = [*pg.LOGIN, (CLIENT, pg.parse('selekt') + pg.FLUSH), (BACKEND, pg.error()),
             (CLIENT, pg.bind() + pg.query('select 2') + pg.SYNC + pg.query('select 3')), (BACKEND, pg.IDLE)]
    dialogue = same_in_every_slicing(PostgreSQL, turns)
    assert [(exchange.name, exchange.expects) for exchange in dialogue.exchanges[3:]] == [
        ('Bind', False), ('select 2', False), ('Sync', True), ('select 3', True)]
    assert [exchange.name for exchange in dialogue.protocol.queue] == ['select 3']


def test_a_request_that_was_held_back_while_an_earlier_one_failed_is_skipped_too():
    dialogue = logged_in()
    late = []
    dialogue.protocol.asked = late.append
    dialogue.feed(CLIENT, pg.parse('selekt') + pg.query('select 1') + pg.SYNC)
    queue = dialogue.protocol.queue
    queue.append(late[0])
    dialogue.feed(BACKEND, pg.error())
    queue.extend(late[1:])
    dialogue.feed(BACKEND, pg.IDLE)
    assert [message.name for message in dialogue.messages[-3:]] == ['Parse', 'select 1', 'Sync']
    assert not queue


# -- COPY

def test_copied_data_belong_to_the_query():
    turns = [*pg.LOGIN, (CLIENT, pg.query('copy t from stdin')), (BACKEND, pg.COPY_IN), (CLIENT, pg.data('1\n') + pg.COPY_DONE),
             (BACKEND, pg.complete('COPY 1') + pg.IDLE)]
    dialogue = same_in_every_slicing(PostgreSQL, turns)
    assert [exchange.name for exchange in dialogue.exchanges[1:]] == ['copy t from stdin']
    assert dialogue.messages[-1] == framing.Message(BACKEND, 'copy t from stdin', pg.COPY_IN + pg.complete('COPY 1') + pg.IDLE)


@pytest.mark.parametrize('outcome', [pg.complete('COPY 1'), pg.error()])
def test_a_sync_within_copied_data_is_never_answered(outcome):
    asked = pg.parse('copy t from stdin') + pg.bind() + pg.execute() + pg.SYNC
    found = pairs((CLIENT, asked), (BACKEND, pg.PARSED + pg.BOUND + pg.COPY_IN),
                  (CLIENT, pg.data('1\n') + pg.COPY_DONE + pg.SYNC), (BACKEND, outcome + pg.IDLE))
    assert found[2:] == [('copy t from stdin', pg.COPY_IN + outcome), ('Sync', b''), ('Sync', pg.IDLE)]


def test_a_sync_within_copied_data_is_never_answered_also_when_the_copy_fails_before_its_end():
    asked = pg.parse('copy t from stdin') + pg.bind() + pg.execute() + pg.SYNC
    found = pairs((CLIENT, asked), (BACKEND, pg.PARSED + pg.BOUND + pg.COPY_IN), (CLIENT, pg.data('x\n')), (BACKEND, pg.error()),
                  (CLIENT, pg.data('y\n') + pg.SYNC), (BACKEND, pg.IDLE))
    assert found[2:] == [('copy t from stdin', pg.COPY_IN + pg.error()), ('Sync', b''), ('Sync', pg.IDLE)]


@pytest.mark.parametrize('outcome', [pg.complete('COPY 1'), pg.error()])
def test_data_of_a_copy_may_be_sent_to_their_end_before_the_server_asks_for_any(outcome):
    """The Sync among them has no response, those after them have."""
    copying = pg.parse('copy t from stdin') + pg.bind() + pg.execute() + pg.SYNC + pg.data('1\n') + pg.COPY_DONE + pg.SYNC
    steps = pg.PARSED + pg.BOUND + pg.COPY_IN + outcome + pg.IDLE
    found = pairs((CLIENT, copying * 2 + pg.parse('selekt') + pg.SYNC), (BACKEND, steps * 2 + pg.error() + pg.IDLE))
    assert found == [('Parse', pg.PARSED), ('Bind', pg.BOUND), ('copy t from stdin', pg.COPY_IN + outcome), ('Sync', b''),
                     ('Sync', pg.IDLE)] * 2 + [('Parse', pg.error()), ('Sync', pg.IDLE)]


def test_data_that_were_sent_for_a_copy_which_failed_at_once_are_no_data_of_the_next_one():
    dialogue = replay(PostgreSQL, [
        *pg.LOGIN, (CLIENT, pg.parse('copy t from stdin') + pg.bind() + pg.execute() + pg.COPY_DONE + pg.SYNC),
        (BACKEND, pg.PARSED + pg.BOUND + pg.error() + pg.IDLE), (CLIENT, pg.execute() + pg.SYNC), (BACKEND, pg.COPY_IN)])
    assert (dialogue.protocol.copying, dialogue.protocol.fed) == (True, {})


def test_a_copy_that_has_failed_is_over():
    asked = pg.parse('selekt') + pg.SYNC
    found = pairs((CLIENT, pg.query('copy t from stdin')), (BACKEND, pg.COPY_IN + pg.error() + pg.IDLE), (CLIENT, asked),
                  (BACKEND, pg.error() + pg.IDLE))
    assert found[1:] == [('Parse', pg.error()), ('Sync', pg.IDLE)]


def test_an_end_of_data_that_the_server_does_not_wait_for_means_nothing():
    assert pairs((CLIENT, pg.SYNC + pg.COPY_DONE), (BACKEND, pg.IDLE)) == [('Sync', pg.IDLE)]


# -- bounds, and what cannot be followed

@pytest.mark.parametrize('sender, data', [
    (CLIENT, pg.query('insert ' + 'x' * 1_000_000)),
    (CLIENT, pg.parse('insert ' + 'x' * 1_000_000)),
    (CLIENT, pg.bind(values=bytes(1_000_000))),
    (CLIENT, pg.data('x' * 1_000_000)),
    (BACKEND, pg.message(b'D', bytes(1_000_000))),
    (BACKEND, pg.message(b'E', bytes(1_000_000))),
    (BACKEND, pg.message(b'N', bytes(1_000_000))),
])
def test_a_large_message_is_not_held(sender, data):
    dialogue = logged_in()
    dialogue.feed(CLIENT, pg.query('select 1'))
    dialogue.feed(sender, data[:MAX_NAME_BYTES + 5])
    cutter = dialogue.cutter(sender)
    assert cutter.held == b''
    assert cutter.framer.rest == len(data) - MAX_NAME_BYTES - 5
    dialogue.feed(sender, data[MAX_NAME_BYTES + 5:])
    assert cutter.framer.rest == 0
    assert not cutter.opaque_because


def test_a_large_result_is_followed_row_by_row():
    assert pairs((CLIENT, pg.query('select 1')), (BACKEND, pg.COLUMNS + pg.message(b'D', bytes(500)) * 20 + pg.IDLE)) == [
        ('select 1', pg.COLUMNS + pg.message(b'D', bytes(500)) * 20 + pg.IDLE)]


@pytest.mark.parametrize('garbage', [
    b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01', pg.startup(2 << 16), pg.packet(3 << 16, bytes(20_000)),
    b'\0\0\0\7\0\3\0\0'])
def test_what_is_no_startup_is_relayed_unread(garbage):
    dialogue = same_in_every_slicing(PostgreSQL, [(CLIENT, garbage)])
    assert dialogue.opaque[CLIENT] == 'no start-up packet of protocol 3'
    assert dialogue.tail[CLIENT] == garbage


@pytest.mark.parametrize('garbage', [pg.message(b'?'), b'Q\0\0\0\3', b'Q\x7f\0\0\0', b'R\0\0\0\x08\0\0\0\0'])
def test_an_unknown_request_is_relayed_unread_and_what_came_before_is_answered(garbage):
    turns = [*pg.LOGIN, (CLIENT, pg.query('select 1') + garbage), (BACKEND, pg.IDLE + b'?????')]
    dialogue = same_in_every_slicing(PostgreSQL, turns)
    assert 'a message of the type' in dialogue.opaque[CLIENT]
    assert dialogue.messages[-1] == framing.Message(BACKEND, 'select 1', pg.IDLE)
    assert dialogue.tail == {CLIENT: garbage, BACKEND: b'?????'}


@pytest.mark.parametrize('garbage', [pg.message(b'?'), pg.PARSED, b'Z\0\0\0\3', b'Ecould not fork new process\n\0'])
def test_a_response_that_cannot_be_is_relayed_unread(garbage):
    dialogue = same_in_every_slicing(PostgreSQL, [*pg.LOGIN, (CLIENT, pg.query('select 1')), (BACKEND, pg.COLUMNS + garbage)])
    assert dialogue.opaque[BACKEND] == 'the server sends a message that cannot come here'
    assert dialogue.tail[BACKEND] == pg.COLUMNS + garbage


def test_streaming_replication_is_relayed_unread():
    turns = [*pg.LOGIN, (CLIENT, pg.query('START_REPLICATION')), (BACKEND, pg.COPY_BOTH + b'w')]
    dialogue = same_in_every_slicing(PostgreSQL, turns)
    assert dialogue.opaque[BACKEND] == 'replication streams from here on'
    assert dialogue.tail[BACKEND] == pg.COPY_BOTH + b'w'


def test_an_unknown_response_to_a_request_for_encryption_is_relayed_unread():
    dialogue = same_in_every_slicing(PostgreSQL, [(CLIENT, pg.SSL), (BACKEND, b'?')])
    assert '0x3f' in dialogue.opaque[BACKEND]
    assert dialogue.tail[BACKEND] == b'?'


def test_the_servers_last_words_to_an_idle_client_belong_to_no_request():
    dialogue = same_in_every_slicing(PostgreSQL, [*pg.LOGIN, (BACKEND, pg.error('57P01', 'FATAL'))])
    assert dialogue.messages[-1] == framing.Message(BACKEND, None, pg.error('57P01', 'FATAL'))
