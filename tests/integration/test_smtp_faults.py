"""What behaviors do to single commands and messages of SMTP, and what the server knows of it."""
import smtplib

import pytest

from tests.support.hosting import eventually
from tests.support.peers import connect, ending, read_exactly
from tests.support.processes import HOST
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE

SENDER, ONE, TWO = 'sender@example.org', 'one@example.org', 'two@example.org'
TEXT = b'Subject: hello\r\n\r\n.world\r\n'


@pytest.fixture
def proxy(daemon, smtp_server):
    with between(daemon, 'smtp', smtp_server, 'smtp') as proxy:
        yield proxy
        assert proxy.unread == []


@pytest.fixture
def messages(smtp_server):
    """The messages that the server is given from now on."""
    del smtp_server.messages[:]
    return smtp_server.messages


def client_of(proxy):
    return smtplib.SMTP(HOST, proxy.port, local_hostname='client.example.org', timeout=PATIENCE)


def send_to(client):
    """Send a message to the end, and read no answer to it."""
    client.ehlo()
    assert [client.mail(SENDER)[0], client.rcpt(ONE)[0], client.docmd('DATA')[0]] == [250, 250, 354]
    client.send(smtplib.quotedata(TEXT.decode()) + '.\r\n')


def no_answer_comes(client):
    client.sock.settimeout(50 * MS)
    with pytest.raises(smtplib.SMTPServerDisconnected, match='timed out'):
        client.getreply()


def pipeline(proxy, recipients):
    """Name recipients all at once, and send them a message; return the code that each was answered with."""
    with connect(proxy.port) as client, client.makefile('rb') as file:
        client.sendall(b'HELO x\r\nMAIL FROM:<sender@example.org>\r\n'
                       + b''.join(f'RCPT TO:<{recipient}>\r\n'.encode() for recipient in recipients) + b'DATA\r\n')
        codes = [int(file.readline()[:3]) for _ in range(len(recipients) + 4)]
        assert (codes[:3], codes[-1]) == ([220, 250, 250], 354)
        client.sendall(TEXT.replace(b'.world', b'..world') + b'.\r\nQUIT\r\n')
        assert [file.readline()[:3] for _ in range(2)] == [b'250', b'221']
    return codes[3:-1]


def test_exactly_the_drawn_recipients_of_a_pipeline_are_refused(proxy, messages):
    recipients = [f'{number}@example.org' for number in range(1000)]
    proxy.meet(entry('error', 20, kind='mailbox-busy', match='^RCPT'))
    codes = pipeline(proxy, recipients)
    refused = [recipient for recipient, code in zip(recipients, codes, strict=True) if code == 450]
    assert [fault.request for fault in proxy.faults] == [f'RCPT TO:<{recipient}>' for recipient in refused]
    assert messages[0].rcpt_tos == [recipient for recipient in recipients if recipient not in refused]
    assert len(refused) == 210


def test_one_recipient_is_refused_alone(proxy, messages):
    proxy.meet(entry('error', kind='greylisted', match=TWO))
    assert pipeline(proxy, [ONE, TWO, ONE]) == [250, 450, 250]
    assert messages[0].rcpt_tos == [ONE, ONE]


def test_refused_message_does_not_arrive_and_the_next_one_does(proxy, messages):
    proxy.meet(entry('transient', kind='content-rejected'))
    with client_of(proxy) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail(SENDER, [ONE], TEXT)
        assert client.sendmail(SENDER, [TWO], TEXT) == {}
    assert [envelope.rcpt_tos for envelope in messages] == [[TWO]]
    assert proxy.count('accepted') == 1


def test_client_that_tries_again_where_no_reply_came_sends_a_duplicate(proxy, messages):
    proxy.meet(entry('transient', kind='unanswered'))
    with client_of(proxy) as client:
        send_to(client)
        eventually(lambda: messages, 'the message')
        no_answer_comes(client)
    with client_of(proxy) as client:
        assert client.sendmail(SENDER, [ONE], TEXT) == {}
    assert [envelope.content for envelope in messages] == [TEXT, TEXT]


def test_late_message_is_late_alone(proxy, messages):
    proxy.meet(entry('delay', sleep=100 * PATIENCE, match=r'^\. FROM:<sender@'))
    with client_of(proxy) as client:
        send_to(client)
        no_answer_comes(client)
    assert [fault.request.upper() for fault in proxy.faults] == ['. FROM:<SENDER@EXAMPLE.ORG>']   # smtplib of 3.13: small
    assert messages == []


@pytest.mark.parametrize('before', [True, False], ids=['request', 'answer'])
def test_late_command_is_answered_in_its_turn(proxy, messages, before):
    proxy.meet(entry('delay', sleep=50 * MS, before=before, match=TWO))
    assert pipeline(proxy, [ONE, TWO, 'nobody@', ONE]) == [250, 250, 553, 250]
    assert messages[0].rcpt_tos == [ONE, TWO, ONE]


def test_hang_answers_nothing_more(proxy, messages):
    proxy.meet(entry('hang', match='^RCPT'))
    with client_of(proxy) as client:
        client.ehlo()
        assert client.mail(SENDER)[0] == 250
        client.putcmd('RCPT', f'TO:<{ONE}>')
        no_answer_comes(client)
    assert [fault.request for fault in proxy.faults] == [f'RCPT TO:<{ONE}>']


def test_blackout_closes_the_connection(proxy, messages):
    proxy.meet(entry('blackout', match='^RCPT'))
    with client_of(proxy) as client, pytest.raises(smtplib.SMTPServerDisconnected, match='closed$'):
        client.sendmail(SENDER, [ONE], TEXT)
    assert messages == []


def test_abort_at_the_end_of_a_message_delivers_it_and_resets_the_connection(proxy, messages):
    proxy.meet(entry('abort', match=r'^\.'))
    with client_of(proxy) as client, pytest.raises(smtplib.SMTPServerDisconnected, match='reset'):
        client.sendmail(SENDER, [ONE], TEXT)
    eventually(lambda: messages, 'the message')
    assert messages[0].content == TEXT


def test_injected_bytes_are_in_the_middle_of_one_reply_only(proxy):
    proxy.meet(entry('transient', inject=True, match='^NOOP'))
    with connect(proxy.port) as client:
        greeting = client.recv(1000)
        assert greeting.startswith(b'220 ')
        client.sendall(b'NOOP\r\nRSET\r\nNOOP\r\n')
        expected = b'250 OK\r\n' * 3
        came = read_exactly(client, len(expected) + 100)
        assert (came[:4], came[104:]) == (expected[:4], expected[4:])
        client.sendall(b'QUIT\r\n')
        assert ending(client) == 'FIN'


def test_match_knows_no_case_and_what_does_not_match_is_not_counted(proxy, messages):
    proxy.meet(entry('transient', kind='mailbox-busy', match='rcpt to:<X[0-9]@EXAMPLE', warmup=2, agitate=2))
    recipients = [ONE, TWO, *(f'x{number}@example.org' for number in range(6)), ONE]
    assert pipeline(proxy, recipients) == [250, 250, 250, 250, 450, 450, 250, 250, 250]
    assert messages[0].rcpt_tos == [recipient for recipient in recipients if recipient not in recipients[4:6]]
