"""How smtplib meets the failures of SMTP, in front of aiosmtpd."""
import smtplib
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.support.processes import HOST
from tests.support.servers import PASSWORD, USER, Mailbox, secure_smtp_server
from tests.support.unit_of_time import MS, PATIENCE

from .rows import ANEW, Client, Row

SERVER = 'secure_smtp_server'
ONE, TWO = 'one@example.org', 'two@example.org'
MESSAGE = b'Subject: hello\r\n\r\nworld\r\n'
Mail = smtplib.SMTP


def open_client(port: int) -> Mail:
    """Connect, and read the greeting."""
    return smtplib.SMTP(HOST, port, local_hostname='client.example.org', timeout=PATIENCE)


def works(mail: Mail) -> None:
    """Send a message to two recipients, with another EHLO if none has succeeded."""
    if mail.ehlo_resp and not mail.does_esmtp:
        mail.ehlo()
    assert mail.sendmail(USER, [ONE, TWO], MESSAGE) == {}


def code(error: Any) -> object:
    """Return the code that the server gave, and for recipients those of all that were refused."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return ', '.join(str(number) for number, _ in error.recipients.values())
    return getattr(error, 'smtp_code', '')


SMTPLIB = Client('smtplib', open_client, works, code)


# -- what the client does

def send(mail: Mail) -> object:
    """Send a message to one recipient; return who was refused."""
    return mail.sendmail(USER, [ONE], MESSAGE)


def send_to_two(mail: Mail) -> str:
    """Send a message to two recipients; return who was refused, with what."""
    refused = mail.sendmail(USER, [ONE, TWO], MESSAGE)
    return ', '.join(f'{recipient}: {number}' for recipient, (number, _) in refused.items())


def starttls(mail: Mail) -> object:
    """Begin TLS without checking the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return mail.starttls(context=context)


def login(mail: Mail) -> object:
    """Authenticate."""
    return mail.login(USER, PASSWORD)


def greet(mail: Mail) -> str:
    """Send EHLO, or else HELO; return which one succeeded."""
    mail.ehlo_or_helo_if_needed()
    return 'EHLO' if mail.does_esmtp else 'HELO'


def verify(mail: Mail) -> object:
    """Ask for a mailbox; return the code."""
    mail.ehlo()
    return mail.verify(ONE)[0]


def wait_for_reply(mail: Mail) -> object:
    """Send a message, and wait for its reply for a short time only."""
    mail.ehlo()
    assert [mail.mail(USER)[0], mail.rcpt(ONE)[0], mail.docmd('DATA')[0]] == [250, 250, 354]
    mail.send(MESSAGE + b'.\r\n')
    assert mail.sock is not None
    mail.sock.settimeout(200 * MS)
    return mail.getreply()


# -- how aiosmtpd is made to fail

def refusing(hook: str, reply: str) -> type[Mailbox]:
    """Make a mailbox whose hook replies this."""
    async def handle(self: Mailbox, *_: object) -> str:
        return reply
    return type('Refusing', (Mailbox,), {f'handle_{hook}': handle})


def hooked(hook: str, act: Callable[[Mail], object], reply: str, _: Any) -> object:
    """Do something with an aiosmtpd whose hook refuses it."""
    with secure_smtp_server(mailbox=refusing(hook, reply)) as server, open_client(server.port) as mail:
        return act(mail)


def settled(act: Callable[[Mail], object], settings: dict[str, Any], _: Any) -> object:
    """Do something with an aiosmtpd that has other settings."""
    with secure_smtp_server(**settings) as server, open_client(server.port) as mail:
        return act(mail)


def misspelt(mail: Mail) -> object:
    """Log in with a wrong password."""
    return mail.login(USER, 'wrong')


# -- the rows

MAIL, RCPT, DATA, DOT, HELLO = '^MAIL', '^RCPT', '^DATA', r'^\.', '^(EHLO|HELO)'
#: the request that meets it -> what the client raises, the hook of aiosmtpd, and what fails in words
RAISED = {
    MAIL: ('SMTPSenderRefused', 'MAIL', 'MAIL fails'), RCPT: ('SMTPRecipientsRefused', 'RCPT', 'RCPT fails'),
    DATA: ('SMTPDataError', 'DATA', 'DATA or what follows it fails'), DOT: ('SMTPDataError', 'DATA', 'its end fails'),
}


def sending(kind: str, place: str, number: int, **fields: Any) -> Row:
    """Make a row of a message that is refused; the connection is closed after 421 only."""
    raised, hook, words = RAISED[place]
    kept = {'afterwards': ANEW} if number == 421 else {
        'how': f'the hook {hook} of aiosmtpd returns it', 'real': partial(hooked, hook, send, f'{number} refused')}
    return Row(kind, SMTPLIB, f'sends a message, {words}', send, f'smtplib.{raised} {number}', match=place, **{**kept, **fields})


def opening(kind: str, number: int) -> Row:
    """Make a row of a connection that is refused."""
    return Row(kind, SMTPLIB, 'connects', send, f'smtplib.SMTPConnectError {number}', ANEW)


def logging_in(kind: str, number: int, how: str = '', real: Callable[[Any], object] | None = None) -> Row:
    """Make a row of a login that is refused."""
    return Row(kind, SMTPLIB, 'logs in', login, f'smtplib.SMTPAuthenticationError {number}', how=how, real=real)


ROWS = [
    opening('service-unavailable', 421),
    *(sending('service-unavailable', place, 421) for place in RAISED),
    sending('idle-timeout', MAIL, 421),
    opening('too-many-connections', 421),
    sending('mailbox-busy', RCPT, 450),
    Row('mailbox-busy', SMTPLIB, 'sends a message to two, one is refused', send_to_two, f'{TWO}: 450',
        match=f'^RCPT TO:<{TWO}'),
    sending('greylisted', RCPT, 450),
    sending('local-error', MAIL, 451), sending('local-error', RCPT, 451), sending('local-error', DATA, 451),
    sending('insufficient-storage', MAIL, 452), sending('insufficient-storage', RCPT, 452),
    sending('insufficient-storage', DATA, 452),
    Row('too-many-recipients', SMTPLIB, 'sends a message to two, one is refused', send_to_two, f'{TWO}: 452',
        match=f'^RCPT TO:<{TWO}'),
    Row('tls-unavailable', SMTPLIB, 'begins TLS', starttls, 'smtplib.SMTPResponseException 454'),
    Row('starttls-refused', SMTPLIB, 'begins TLS', starttls, 'smtplib.SMTPResponseException 454'),
    Row('starttls-stripped', SMTPLIB, 'begins TLS', starttls, 'smtplib.SMTPNotSupportedError',
        how='an aiosmtpd without TLS', real=partial(settled, starttls, {'tls_context': None})),
    Row('starttls-dropped', SMTPLIB, 'begins TLS', starttls, 'smtplib.SMTPServerDisconnected', ANEW),
    logging_in('auth-temporary', 454),
    Row('not-implemented', SMTPLIB, 'says EHLO, and falls back', greet, 'HELO', match=HELLO),
    Row('not-implemented', SMTPLIB, 'asks for a mailbox', verify, '502', match='^VRFY',
        how='the hook VRFY of aiosmtpd returns it', real=partial(hooked, 'VRFY', verify, '502 refused')),
    sending('auth-required', MAIL, 530, how='auth_required of aiosmtpd',
            real=partial(settled, send, {'auth_required': True, 'auth_require_tls': True})),
    logging_in('auth-too-weak', 534),
    logging_in('auth-failed', 535, 'the password is wrong', partial(settled, misspelt, {})),
    logging_in('encryption-required', 538),
    Row('hello-rejected', SMTPLIB, 'says EHLO, and falls back in vain', send, 'smtplib.SMTPHeloError 550', match=HELLO, times=2),
    sending('sender-rejected', MAIL, 550),
    sending('mailbox-unavailable', RCPT, 550),
    sending('content-rejected', DATA, 550),
    sending('user-moved', RCPT, 551),
    sending('mailbox-full', RCPT, 552), sending('mailbox-full', DATA, 552),
    sending('too-big', MAIL, 552, how='data_size_limit of aiosmtpd', real=partial(settled, send, {'data_size_limit': 10})),
    sending('too-big', DATA, 552),
    sending('name-not-allowed', RCPT, 553),
    sending('relay-denied', RCPT, 554),
    opening('transaction-failed', 554),
    sending('transaction-failed', DATA, 554),
    Row('lost-reply', SMTPLIB, 'sends a message', send, 'smtplib.SMTPServerDisconnected', ANEW),
    Row('half-reply', SMTPLIB, 'says EHLO', send, 'smtplib.SMTPServerDisconnected', ANEW),
    Row('unanswered', SMTPLIB, 'sends a message, and waits for the reply for a time only', wait_for_reply,
        'smtplib.SMTPServerDisconnected', ANEW),
]
