"""The everyday work of SMTP's clients through vaurien: once with no fault on, once with every command read, named and drawn for,
and once more like that inside TLS on both sides.

smtplib and a client that sends all at once, in front of aiosmtpd; what arrives is what was sent, and what can be followed is
followed.
"""
import email.message
import functools
import re
import smtplib
import ssl

import pytest

from tests.support.peers import connect, listener, read_exactly, read_to_end
from tests.support.processes import HOST
from tests.support.proxied import CALM, SEED, between, entry, peak
from tests.support.servers import PASSWORD, USER
from tests.support.tls import client_context
from tests.support.tls_sides import through
from tests.support.unit_of_time import PATIENCE
from vaurien.protocols.starttls import begins
from vaurien.testing import Daemon

SENDER, ONE, TWO = 'sender@example.org', 'one@example.org', 'two@example.org'
LINES = b'Subject: lines\r\n\r\n.\x20\r\n.dot\r\n..\r\n...\r\nno dot.\r\n\r\n' + 'Grüße'.encode() + b'\r\n'
#: [bytes] of the large message
LARGE = 20 * 1024 * 1024
#: [bytes] of memory that it may cost vaurien, its buffers included
KEPT = 8 * 1024 * 1024


IN_THE_CLEAR = pytest.mark.parametrize('way', CALM, indirect=True)


def client_of(port, context=None):
    client = smtplib.SMTP(HOST, port, local_hostname='client.example.org', timeout=PATIENCE)
    if context is not None:
        assert client.starttls(context=context)[0] == 220
    return client


@pytest.fixture
def server(request, way):
    """The aiosmtpd behind the proxy."""
    return request.getfixturevalue('smtp_tls_server' if way.tls else 'secure_smtp_server')


@pytest.fixture
def calm(way, server, daemon, monkeypatch):
    """A proxy in front of aiosmtpd, calm in each way."""
    if way.tls:
        monkeypatch.setitem(globals(), 'client_of', functools.partial(client_of, context=client_context()))
    with through(daemon, 'calm-smtp', way, server, 'smtp') as proxy:
        yield proxy
        assert proxy.faults == []


@pytest.fixture
def messages(request):
    """The messages that the server is given from now on."""
    server = request.getfixturevalue('server' if 'way' in request.fixturenames else 'secure_smtp_server')
    del server.messages[:]
    return server.messages


def test_messages_arrive_as_they_were_sent(calm, messages):
    with client_of(calm.port) as client:
        for number in range(3):
            assert client.sendmail(SENDER, [ONE, TWO], b'Number: %d\r\n' % number + LINES) == {}
        message = email.message.EmailMessage()
        message['Subject'], message['From'], message['To'] = 'hello', SENDER, TWO
        message.set_content('.a line that begins with a dot\n' * 1000)
        assert client.send_message(message) == {}
    assert [envelope.content for envelope in messages[:3]] == [b'Number: %d\r\n' % number + LINES for number in range(3)]
    assert [(envelope.mail_from, envelope.rcpt_tos) for envelope in messages] == [(SENDER, [ONE, TWO])] * 3 + [(SENDER, [TWO])]
    assert messages[3].content.count(b'\r\n.a line that begins with a dot') == 1000
    assert (calm.count('accepted'), calm.unread) == (1, [])


def test_commands_beside_sending_are_answered(calm, way):
    with client_of(calm.port) as client:
        assert client.helo()[0] == 250
        assert client.ehlo()[0] == 250
        assert client.has_extn('starttls') is not way.tls
        assert client.noop()[0] == 250
        assert client.verify(ONE)[0] == 252
        assert client.expn('list')[0] == 502
        assert client.docmd('HELP')[0] == 250
        assert client.docmd('UNHEARD', 'of')[0] == 500
        assert client.docmd('RCPT', f'TO:<{ONE}>')[0] == 503
        assert client.mail(SENDER)[0] == 250
        assert client.rset()[0] == 250
        assert client.rcpt(ONE)[0] == 503
    assert (calm.count('exchanges'), calm.unread) == (12 + 2 * way.tls, [])     # EHLO and STARTTLS


def test_login_is_let_in_or_not(calm, messages):
    with client_of(calm.port) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError, match='535'):
            client.login(USER, 'wrong')
        assert client.login(USER, PASSWORD)[0] == 235
        assert client.sendmail(SENDER, [ONE], LINES) == {}
    with client_of(calm.port) as client:
        client.ehlo()
        client.user, client.password = USER, PASSWORD
        assert client.auth('PLAIN', client.auth_plain, initial_response_ok=False)[0] == 235
        assert client.sendmail(SENDER, [TWO], LINES) == {}
    assert [envelope.rcpt_tos for envelope in messages] == [[ONE], [TWO]]
    assert calm.unread == []


ADDRESSES = b'MAIL FROM:<sender@example.org>\r\nRCPT TO:<one@example.org>\r\nRCPT TO:<\xc3\xa9>\r\nRCPT TO:<two@example.org>\r\n'
PIPELINE = b'EHLO client.example.org\r\n' + ADDRESSES * 50 + b'QUIT\r\n'


@IN_THE_CLEAR
def test_pipeline_is_answered_in_order_and_to_the_byte(calm, secure_smtp_server):
    """RFC 2920: commands without waiting for answers; of the repeated ones MAIL is refused."""
    def answers(port):
        with connect(port) as client:
            client.sendall(PIPELINE)
            return read_to_end(client)
    through = answers(calm.port)
    assert through == answers(secure_smtp_server.port)
    assert through.count(b'503 Error: nested MAIL command\r\n') == 49
    assert calm.count('exchanges') == PIPELINE.count(b'\r\n') == 202
    assert calm.unread == []


@IN_THE_CLEAR
def test_message_pipelined_behind_its_go_ahead_is_delivered(calm, messages):
    """RFC 2920 section 3.1: after 354 the message, its dot and further commands may leave at once."""
    begin = b'MAIL FROM:<sender@example.org>\r\nRCPT TO:<one@example.org>\r\nDATA\r\n'
    stuffed = re.sub(rb'(?m)^\.', b'..', LINES) + b'.\r\n'
    with connect(calm.port) as client, client.makefile('rb') as file:
        client.sendall(b'HELO x\r\n' + begin)
        assert [file.readline()[:3] for _ in range(5)] == [b'220', b'250', b'250', b'250', b'354']
        client.sendall(stuffed + begin)
        assert [file.readline()[:3] for _ in range(4)] == [b'250', b'250', b'250', b'354']
        client.sendall(stuffed + b'QUIT\r\n')
        assert [file.readline()[:3] for _ in range(3)] == [b'250', b'221', b'']
    assert [envelope.content for envelope in messages] == [LINES, LINES]
    assert (calm.count('exchanges'), calm.unread) == (10, [])


@IN_THE_CLEAR
def test_session_is_relayed_unread_once_tls_begins(calm, messages):
    with client_of(calm.port) as client:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert client.starttls(context=context)[0] == 220
        assert client.login(USER, PASSWORD)[0] == 235
        assert client.sendmail(SENDER, [ONE], LINES) == {}
        assert client.sock.version().startswith('TLS')
        assert calm.unread == [begins('smtp')]
    assert [envelope.content for envelope in messages] == [LINES]
    assert calm.count('exchanges') == 2


@pytest.mark.parametrize('mix', CALM.values(), ids=CALM)
def test_a_mail_client_is_offered_no_tls_where_it_is_refused(daemon, secure_smtp_server, messages, mix):
    with client_of(secure_smtp_server.port) as real:
        real.ehlo()
        offered = dict(real.esmtp_features)
    assert offered.pop('starttls') == ''
    with between(daemon, 'refuse-smtp', secure_smtp_server, 'smtp', mix, protocol_settings={'starttls': 'refuse'}) as proxy:
        with client_of(proxy.port) as client:
            client.ehlo()
            assert client.esmtp_features == offered
            with pytest.raises(smtplib.SMTPNotSupportedError):
                client.starttls()
            assert client.docmd('STARTTLS') == (502, b'5.5.1 Command not implemented')
            assert client.login(USER, PASSWORD)[0] == 235
            with proxy.behavior('error', kind='mailbox-busy', match='^RCPT'), pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(SENDER, [ONE], LINES)
            assert client.sendmail(SENDER, [ONE], LINES) == {}
        assert proxy.unread == []
    assert [envelope.content for envelope in messages] == [LINES]


@pytest.mark.parametrize('reply, shown', [
    (b'250-mail\r\n250-STARTTLS\r\n250 HELP\r\n', b'250-mail\r\n250 HELP\r\n'),
    (b'250-mail\r\n250-HELP\r\n250 starttls\r\n', b'250-mail\r\n250 HELP\r\n'),
    (b'250-mail\n250 STARTTLS\n', b'250 mail\n'),
    (b'250-mail\r\n250 STARTTLSX\r\n', b'250-mail\r\n250 STARTTLSX\r\n'),
    (b'250 STARTTLS\r\n', b'250 STARTTLS\r\n'),
    (b'502-no\r\n502 STARTTLS\r\n', b'502-no\r\n502 STARTTLS\r\n'),
], ids=['in the middle', 'at the end', 'of two', 'another word', 'a name', 'a refusal'])
@pytest.mark.parametrize('size', [1, 7, 1000])
def test_starttls_is_taken_out_of_a_reply_that_comes_in_any_pieces(daemon, reply, shown, size):
    with listener(HOST) as backend:
        address = f'{HOST}:{backend.getsockname()[1]}'
        with between(daemon, f'pieces-{size}', address, 'smtp', protocol_settings={'starttls': 'refuse'}) as proxy, \
                connect(proxy.port) as client, backend.accept()[0] as server:
            server.sendall(b'220 mail\r\n')
            client.sendall(b'EHLO me\r\n')
            assert server.recv(100) == b'EHLO me\r\n'
            for at in range(0, len(reply), size):
                server.sendall(reply[at:at + size])
            client.sendall(b'STARTTLS\r\nNOOP\r\n')
            assert server.recv(100) == b'NOOP\r\n'
            server.sendall(b'250 ok\r\n')
            wanted = b'220 mail\r\n' + shown + b'502 5.5.1 Command not implemented\r\n250 ok\r\n'
            assert read_exactly(client, len(wanted)) == wanted


@pytest.mark.parametrize('mix', [[], [entry('delay', sleep=0)]], ids=['no fault', 'a behavior that sees each piece'])
def test_message_of_20_mb_arrives_and_is_never_held(secure_smtp_server, messages, mix):
    message = b'Subject: large\r\n\r\n' + (b'.' + b'x' * 997 + b'\r\n') * (LARGE // 1000)
    daemon = Daemon(SEED)
    with between(daemon, 'large-smtp', secure_smtp_server, 'smtp', mix) as proxy:
        with client_of(proxy.port) as client:
            client.sendmail(SENDER, [ONE], b'.small\r\n')
            before = peak(daemon)
            assert client.sendmail(SENDER, [ONE], message) == {}
        assert peak(daemon) - before < KEPT
        assert messages[1].content == message
        assert proxy.unread == []
    daemon.close()

