"""What is recorded of the recorded conversations with real servers: the same in every slicing, and how each was answered."""
import pytest

from tests.corpus import conversations
from tests.support.framing import CLIENT, SLICERS, single_bytes
from tests.support.recorded import record
from vaurien.protocols import Protocol

PROTOCOLS = ('redis', 'memcache', 'mysql', 'postgres', 'smtp', 'http')


def essence(exchanges):
    return [(one.number, one.name, one.shape, one.answer, one.code, one.sent, one.received, one.digest, one.stage)
            for one in exchanges]


@pytest.mark.parametrize('name', PROTOCOLS)
def test_records_do_not_depend_on_how_bytes_arrive(name):
    protocol = Protocol.get(name)
    for conversation, turns in conversations(name).items():
        expected = essence(record(protocol, turns))
        for slicer in SLICERS[:3]:
            assert essence(record(protocol, turns, slicer)) == expected, conversation


#: by protocol and conversation, how the named requests were answered there by the real server
ANSWERS = {
    ('redis', 'refused-readonly'): [
        ('MULTI', 'ok'), ('SET a', 'ok'), ('EXEC', 'EXECABORT'), ('SET a', 'READONLY'), ('GET a', 'ok'), ('MULTI', 'ok'),
        ('SET a', 'READONLY'), ('GET a', 'ok'), ('EXEC', 'EXECABORT')],
    ('memcache', 'refused-text'): [
        ('set a', 'SERVER_ERROR'), ('set a', 'none'), ('get a', 'ok'), ('ms a', 'SERVER_ERROR'), ('mn', 'ok')],
    ('mysql', 'libmariadb-pipelined-prepare'): [
        ('login u d', 'ok'), ('COM_STMT_PREPARE select 7', 'ok'), ('select 7', 'ok'), ('COM_STMT_PREPARE select ?', 'ok'),
        ('select ?', 'ok'), ('select ?', 'ok'), ('COM_STMT_PREPARE selec 7', '1064'), ('selec 7', '1243')],
    ('postgres', 'transactions'): [
        ('startup user=postgres database=postgres', 'ok'), ('BEGIN', 'ok'), ('insert into item values (1, $$x$$)', 'ok'),
        ('COMMIT', 'ok'), ('BEGIN', 'ok'), ('select * from nowhere', '42P01'), ('select 1', '25P02'), ('ROLLBACK', 'ok')],
    ('postgres', 'terminated'): [('startup user=postgres database=postgres', 'ok'), ('select 1', '57P01')],
    ('smtp', 'pipelining'): [
        ('EHLO x', 'ok'), ('MAIL FROM:<a@b.test>', 'ok'), ('RCPT TO:<c@d.test>', 'ok'), ('RCPT TO:<nobody@d.test>', '550'),
        ('DATA', 'ok'), ('. FROM:<a@b.test>', 'ok')],
    ('http', 'curl-early-hints-haproxy'): [
        ('GET /index.html', 'ok'), ('GET /trailed/index.html', 'ok'), ('GET /two', '404')],
}


@pytest.mark.parametrize('case', ANSWERS)
def test_each_request_is_recorded_with_how_the_server_answered_it(case):
    name, conversation = case
    found = record(Protocol.get(name), conversations(name)[conversation], single_bytes)
    assert [(one.name, one.answer) for one in found][:len(ANSWERS[name, conversation])] == ANSWERS[name, conversation]


def test_no_digest_is_kept_of_a_secret():
    found = {one.name: one.digest for one in record(Protocol.get('redis'), conversations('redis')['auth'])}
    assert (found['AUTH'], found['HELLO 3']) == ('', '')
    for protocol, conversation, secret in (('mysql', 'pymysql-everyday', 'login'), ('postgres', 'password-md5', 'startup'),
                                           ('smtp', 'smtplib-auth-plain', 'AUTH')):
        secrets = [one for one in record(Protocol.get(protocol), conversations(protocol)[conversation])
                   if one.name.startswith(secret)]
        assert secrets
        assert {one.digest for one in secrets} == {''}


def test_the_digest_tells_repeats_of_a_statement_by_its_values_alone():
    found = record(Protocol.get('postgres'), conversations('postgres')['extended-protocol'])
    selects = [one.digest for one in found if one.name == 'select name from item where id = $1']
    assert len(set(selects)) == len(selects) > 3


def test_the_content_of_a_mail_belongs_to_the_dot_that_ends_it():
    turns = conversations('smtp')['smtplib-everyday']
    dots = [one for one in record(Protocol.get('smtp'), turns) if one.stage == 'delivery']
    assert dots
    assert len({one.digest for one in dots}) > 1
    assert sum(one.sent for one in record(Protocol.get('smtp'), turns)) == sum(len(data) for who, data in turns if who == CLIENT)
