"""How PostgreSQL's failures are answered, where they fit, and what the backend gets in place of the statement that fails."""
import pytest

from tests.support import postgres_talk as pg
from tests.support.framing import BACKEND, CLIENT, Dialogue, replay
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure
from vaurien.protocols.postgres import PostgreSQL
from vaurien.protocols.postgres.failures import KINDS

REFUSING = {'too-many-connections', 'starting-up', 'shutting-down', 'in-recovery', 'wrong-password', 'no-such-database'}
LOSING = {'lost-reply', 'half-reply'}
ENDING = {'admin-shutdown', 'crash-shutdown'}
READING = {'serialization-failure', 'deadlock', 'recovery-conflict', 'lock-not-available', 'query-canceled', 'out-of-memory'}
WRITING = READING - {'recovery-conflict'} | {'read-only', 'disk-full'}
CALLING = READING - {'recovery-conflict', 'lock-not-available'}
COMMITTING = {'serialization-failure'}

NO_SQL = b'vaurien injected a failure here'
BEGUN = [(CLIENT, pg.query('begin')), (BACKEND, pg.complete('BEGIN') + pg.IN_BLOCK)]
BROKEN = [*BEGUN, (CLIENT, pg.query('selekt')), (BACKEND, pg.error() + pg.FAILED)]
IN_FLIGHT = [(CLIENT, pg.query('begin'))]
GROUP = pg.parse('update t set a = 1') + pg.bind() + pg.describe() + pg.execute()


def asking(data: bytes, *before: tuple[str, bytes]) -> tuple[Dialogue, Exchange]:
    """A session after a login and some turns, and the exchange of what the client sends last."""
    dialogue = replay(PostgreSQL, [*pg.LOGIN, *before, (CLIENT, data)])
    return dialogue, dialogue.exchanges[-1]


def fitting(dialogue: Dialogue, exchange: Exchange) -> set[str]:
    return {kind for kind in KINDS if dialogue.protocol.fits(kind, exchange)}


def failing(kind: str, data: bytes, *before: tuple[str, bytes]) -> Failure:
    dialogue, exchange = asking(data, *before)
    assert dialogue.protocol.fits(kind, exchange)
    return failure_of(dialogue, exchange, kind)


def failure_of(dialogue: Dialogue, exchange: Exchange, kind: str = 'deadlock') -> Failure:
    """Let an exchange fail, as the engine does."""
    dialogue.protocol.replace(exchange, KINDS[kind].build(dialogue.protocol, exchange))
    assert exchange.failure is not None
    return exchange.failure


# -- where each fits

@pytest.mark.parametrize('data, before, kinds', [
    (pg.query('select 1'), [], READING | ENDING | LOSING),
    (pg.query('select 1'), BEGUN, READING | ENDING | LOSING),
    (pg.query('select 1'), BROKEN, READING | ENDING | LOSING),
    (pg.query('select 1'), IN_FLIGHT, READING | ENDING | LOSING),
    (pg.query('insert into t values (1)'), [], WRITING | ENDING | LOSING),
    (pg.query('copy t from stdin'), [], WRITING | ENDING),
    (pg.query('begin'), [], ENDING | LOSING),
    (pg.query('begin; insert into t values (1)'), [], WRITING | ENDING | LOSING),
    (pg.query('rollback'), BEGUN, ENDING | LOSING),
    (pg.query('commit'), [], COMMITTING | ENDING | LOSING),
    (pg.query('commit'), BEGUN, COMMITTING | ENDING | LOSING),
    (pg.query('commit'), BROKEN, COMMITTING | ENDING | LOSING),
    (pg.query('commit'), IN_FLIGHT, COMMITTING | ENDING | LOSING),
    (pg.query(''), [], ENDING | LOSING),
    (GROUP, [], WRITING | ENDING | LOSING),
    (pg.execute('unknown'), [], READING | ENDING | LOSING),
    (pg.call(7), [], CALLING | ENDING | LOSING),
    (pg.parse('select 1'), [], set()),
    (pg.bind(), [], set()),
    (pg.SYNC, [], set()),
    (pg.FLUSH, [], set()),
    (pg.TERMINATE, [], set()),
])
def test_a_kind_fits_where_the_server_has_it(data, before, kinds):
    assert fitting(*asking(data, *before)) == kinds


@pytest.mark.parametrize('data, kinds', [
    (pg.startup(user='ann'), REFUSING), (pg.SSL, set()), (pg.GSSAPI, set()), (pg.CANCEL, set())])
def test_a_connection_is_refused_at_its_startup(data, kinds):
    dialogue = replay(PostgreSQL, [(CLIENT, data)])
    assert fitting(dialogue, dialogue.exchanges[-1]) == kinds


@pytest.mark.parametrize('told', [[], [(BACKEND, pg.error())]], ids=['not yet', 'told'])
def test_what_the_server_skips_of_its_own_accord_is_known_to_the_server_alone(told):
    before = [(CLIENT, pg.parse('selekt') + pg.FLUSH), *told]
    assert fitting(*asking(pg.bind() + pg.execute(), *before)) == READING | ENDING | LOSING


def test_no_kind_fits_what_the_server_skips_because_of_a_failure_made_here():
    dialogue, exchange = asking(GROUP)
    failure_of(dialogue, exchange)
    dialogue.feed(CLIENT, GROUP)
    assert fitting(dialogue, dialogue.exchanges[-1]) == set()
    dialogue.feed(CLIENT, pg.SYNC + GROUP)
    assert fitting(dialogue, dialogue.exchanges[-1]) == WRITING | ENDING | LOSING


def test_a_fatal_error_is_told_also_where_the_server_skips_what_it_is_sent():
    dialogue, exchange = asking(pg.execute(), (CLIENT, pg.parse('selekt')))
    failure = failure_of(dialogue, exchange, 'admin-shutdown')
    dialogue.feed(BACKEND, pg.error() + pg.IDLE)    # of the Parse, and of the Sync that is sent in the end
    assert list(dialogue.protocol.queue) == []
    assert exchange.failure == failure


# -- what the client gets

STATES = {
    'too-many-connections': '53300', 'starting-up': '57P03', 'shutting-down': '57P03', 'in-recovery': '57P03',
    'wrong-password': '28P01', 'no-such-database': '3D000', 'admin-shutdown': '57P01', 'crash-shutdown': '57P02',
    'serialization-failure': '40001', 'deadlock': '40P01', 'read-only': '25006', 'recovery-conflict': '40001',
    'lock-not-available': '55P03', 'query-canceled': '57014', 'disk-full': '53100', 'out-of-memory': '53200',
}


def test_every_kind_is_told_by_its_state():
    assert STATES.keys() == KINDS.keys() - LOSING
    assert {kind: KINDS[kind].codes for kind in STATES} == {kind: (state,) for kind, state in STATES.items()}


@pytest.mark.parametrize('kind', STATES)
def test_a_failure_has_the_fields_that_clients_read(kind):
    statement = 'insert into t values (1)' if kind in WRITING else 'select 1'
    dialogue, exchange = asking(pg.query(statement))
    if kind in REFUSING:
        exchange = dialogue.exchanges[0]
    failure = KINDS[kind].build(dialogue.protocol, exchange)
    found = pg.fields(failure.reply)
    severity = {'crash-shutdown': 'WARNING'}.get(kind, 'FATAL' if kind in REFUSING | ENDING else 'ERROR')
    assert (found['S'], found['V'], found['C']) == (severity, severity, STATES[kind])
    assert {'M', 'F', 'R'} <= found.keys()
    assert '{' not in found['M']


@pytest.mark.parametrize('kind', sorted(REFUSING | ENDING))
def test_the_connection_ends_after_a_fatal_error(kind):
    dialogue, exchange = asking(pg.query('select 1'))
    failure = KINDS[kind].build(dialogue.protocol, exchange)
    assert (failure.request, failure.end) == (b'', 'close')
    assert len(failure.reply) == 1 + int.from_bytes(failure.reply[1:5], 'big')


@pytest.mark.parametrize('kind', sorted(ENDING))
@pytest.mark.parametrize('data', [GROUP, pg.parse('select 1') + pg.query('select 1'), pg.parse('select 1') + pg.call(7)],
                         ids=['Execute', 'Query', 'FunctionCall'])
def test_the_connection_ends_once_the_server_has_let_go_of_its_responses_in_the_group(kind, data):
    dialogue, exchange = asking(data)
    failure = failure_of(dialogue, exchange, kind)
    assert (failure.request, failure.end) == (pg.parse(NO_SQL.decode(), 'vaurien') + pg.SYNC, 'close')
    before = dialogue.exchanges[1:-1]
    answers = [pg.PARSED, pg.BOUND, pg.NO_DATA][:len(before)]
    dialogue.feed(BACKEND, b''.join(answers) + pg.error())
    assert list(dialogue.protocol.queue) == []
    assert exchange.failure == failure


def test_silence_begins_once_the_server_has_let_go_of_its_responses_in_the_group():
    dialogue, exchange = asking(GROUP)
    dialogue.protocol.session.at = exchange
    dialogue.protocol.hang()
    assert exchange.failure == Failure(b'', pg.parse(NO_SQL.decode(), 'vaurien') + pg.SYNC, 'silence')
    dialogue.feed(BACKEND, pg.PARSED + pg.BOUND + pg.NO_DATA + pg.error())
    assert list(dialogue.protocol.queue) == []


@pytest.mark.parametrize('told', [[], [(BACKEND, pg.error())]], ids=['not yet', 'told'])
def test_silence_begins_also_where_the_server_skips_what_it_is_sent(told):
    dialogue, exchange = asking(pg.execute(), (CLIENT, pg.parse('selekt') + pg.bind() + pg.FLUSH), *told)
    dialogue.protocol.replace(exchange, Failure(end='silence'))
    dialogue.protocol.asked(exchange)   # as the lane does, which lets it wait for its turn
    dialogue.feed(BACKEND, (b'' if told else pg.error()) + pg.IDLE)
    assert list(dialogue.protocol.queue) == []


def test_a_crash_is_told_by_a_warning_and_no_error():
    assert failing('crash-shutdown', pg.query('select 1')).reply.startswith(b'N')


@pytest.mark.parametrize('kind, text', [
    ('wrong-password', 'password authentication failed for user "ann"'), ('no-such-database', 'database "shop" does not exist')])
def test_a_refusal_names_what_the_client_asked_for(kind, text):
    dialogue = replay(PostgreSQL, [(CLIENT, pg.startup(user='ann', database='shop'))])
    assert pg.fields(KINDS[kind].build(dialogue.protocol, dialogue.exchanges[0]).reply)['M'] == text


@pytest.mark.parametrize('asked', [pg.query, lambda text: pg.parse(text) + pg.bind() + pg.execute()])
def test_read_only_names_the_command(asked):
    data = asked('create table t as select 1')
    assert pg.fields(failing('read-only', data).reply)['M'] == 'cannot execute CREATE TABLE AS in a read-only transaction'


@pytest.mark.parametrize('data, text', [
    (pg.query('select 1'), 'read/write dependencies'), (pg.query('update t set a = 1'), 'concurrent update'),
    (pg.query('commit'), 'read/write dependencies'), (pg.call(7), 'read/write dependencies')])
def test_a_serialization_failure_fits_the_statement(data, text):
    assert text in pg.fields(failing('serialization-failure', data, *BEGUN).reply)['M']


# -- what the backend gets

@pytest.mark.parametrize('data', [pg.query('select 1'), pg.query('insert into t values (1); select 2'), pg.call(7)])
@pytest.mark.parametrize('before', [[], [(CLIENT, GROUP + pg.SYNC), (BACKEND, pg.error() + pg.IDLE)]])
def test_outside_of_a_transaction_a_query_never_reaches_the_backend(data, before):
    failure = failing('deadlock', data, *before)
    assert failure.request == b''
    assert failure.reply.endswith(pg.IDLE)


@pytest.mark.parametrize('data', [pg.query('select 1'), pg.query('insert into t values (1); select 2'), pg.call(7)])
@pytest.mark.parametrize('before', [BEGUN, IN_FLIGHT, [(CLIENT, pg.parse('x') + pg.FLUSH), (BACKEND, pg.PARSED)]])
def test_the_backend_fails_too_where_there_may_be_a_transaction(data, before):
    failure = failing('deadlock', data, *before)
    assert failure.request == pg.message(b'Q', NO_SQL + b'\0')
    assert failure.reply.endswith(pg.FAILED)


def test_the_backend_fails_an_execute_without_losing_the_clients_unnamed_statement():
    failure = failing('deadlock', GROUP)
    assert failure.request == pg.parse(NO_SQL.decode(), 'vaurien')
    assert failure.reply[:1] == b'E'
    assert not failure.reply.endswith((pg.IDLE, pg.IN_BLOCK, pg.FAILED))


def test_a_transaction_that_begins_in_the_same_query_has_begun_and_failed():
    failure = failing('deadlock', pg.query('begin isolation level serializable; update t set a = 1; select 2'))
    assert failure.request == pg.query('begin isolation level serializable;SELECT 1/0')
    assert failure.reply.endswith(pg.FAILED)


@pytest.mark.parametrize('before', [BEGUN, IN_FLIGHT])
def test_a_commit_that_fails_has_rolled_back(before):
    failure = failing('serialization-failure', pg.query('commit'), *before)
    assert failure.request == pg.query('ROLLBACK')
    assert failure.reply.endswith(pg.IDLE)


def test_a_commit_in_the_extended_protocol_rolls_back_and_has_the_backend_skip():
    dialogue, exchange = asking(pg.parse('commit') + pg.bind() + pg.execute(), *BEGUN)
    failure = failure_of(dialogue, exchange, 'serialization-failure')
    begins, ends = pg.parse('ROLLBACK', 'vaurien'), pg.parse(NO_SQL.decode(), 'vaurien')
    assert failure.request.startswith(begins)
    assert failure.request.endswith(ends)
    stand_in = pg.PARSED + pg.BOUND + pg.complete('ROLLBACK') + pg.CLOSED + pg.error()
    dialogue.feed(CLIENT, pg.SYNC)
    dialogue.feed(BACKEND, pg.PARSED + pg.BOUND + stand_in + pg.IDLE)
    assert [(message.name, message.data) for message in dialogue.messages[-2:]] == [('commit', stand_in), ('Sync', pg.IDLE)]


@pytest.mark.parametrize('status', [pg.IDLE, pg.FAILED])
def test_the_reply_tells_the_status_that_the_backend_really_has(status):
    dialogue, exchange = asking(pg.query('select 1'), *IN_FLIGHT)
    assert failure_of(dialogue, exchange).reply.endswith(pg.FAILED)
    dialogue.feed(BACKEND, pg.complete('BEGIN') + pg.IN_BLOCK + pg.error() + status)
    assert dialogue.messages[-1].data == pg.error() + status
    assert exchange.failure.reply.endswith(status)
    assert exchange.failure.reply[:-len(status)] == failing('deadlock', pg.query('select 1')).reply[:-len(status)]


def test_a_failure_that_the_server_would_skip_is_not_seen():
    dialogue, exchange = asking(GROUP)
    assert failure_of(dialogue, exchange).reply
    dialogue.feed(CLIENT, pg.SYNC)
    dialogue.feed(BACKEND, pg.error() + pg.IDLE)
    assert [(message.name, message.data) for message in dialogue.messages[-2:]] == [(exchange.name, b''), ('Sync', pg.IDLE)]
    assert exchange.failure.reply == b''


def test_after_a_failed_execute_the_session_is_followed_on():
    dialogue, exchange = asking(GROUP)
    failure_of(dialogue, exchange)
    dialogue.feed(CLIENT, pg.parse('select 2') + pg.bind() + pg.execute() + pg.SYNC + pg.query('select 3'))
    dialogue.feed(BACKEND, pg.PARSED + pg.BOUND + pg.NO_DATA + pg.error() + pg.FAILED + pg.error('25P02') + pg.FAILED)
    assert [message.name for message in dialogue.messages[-6:]] == [
        exchange.name, 'Parse', 'Bind', 'select 2', 'Sync', 'select 3']
    assert not dialogue.protocol.queue
    assert dialogue.protocol.status == b'E'
