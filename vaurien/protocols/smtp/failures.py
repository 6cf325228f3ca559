"""The failures that SMTP servers really have, and the reply of each. Knows no stream and no framer.

The codes stand where RFC 5321 section 4.3.2 and the documents of the extensions have them; the enhanced ones are those of
RFC 3463.
"""
from collections.abc import Callable, Mapping

from ..base import Exchange
from ..halves import HalfOfLines
from ..message import Failure, FailureKind, half_reply, lost_reply
from ..starttls import DROPPED, REFUSED, STRIPPED, dropping
from .commands import DELIVERY, MESSAGE
from .state import Conversation

RSET = b'RSET\r\n'
#: by stage, what the backend gets in place of a request that it must not carry out, so that its state stays right: a
#: transaction that failed at DATA or later is over (RFC 5321 section 4.1.1.4, RFC 3030 section 2), and ``*`` gives up AUTH
#: (RFC 4954 section 4)
STAND_INS = {'credentials': b'*\r\n', 'data': RSET, MESSAGE: RSET, 'chunk': RSET, 'last-chunk': RSET}
#: the stages at which replies carry no enhanced code (RFC 2034 section 4)
WITHOUT_ENHANCED_CODE = ('connect', 'hello')
#: the reply to ``DATA`` when vaurien is to read the message
GO_AHEAD = b'354 End data with <CR><LF>.<CR><LF>\r\n'
#: the reply of a server without TLS to ``STARTTLS`` (RFC 5321 section 4.2.4)
NO_STARTTLS = b'502 5.5.1 Command not implemented\r\n'

LOGIN = ('auth', 'auth-initial')
CHUNKS = (MESSAGE, 'chunk', 'last-chunk')
END_OF_MESSAGE = (MESSAGE, 'last-chunk')
ANY_STAGE = ('hello', 'starttls', *LOGIN, 'credentials', 'mail', 'rcpt', 'data', 'chunk', 'last-chunk', DELIVERY, 'vrfy',
             'other', 'quit')


def refusal(reply: str, stages: tuple[str, ...], description: str, end: str = '', scope: str = 'request') -> FailureKind:
    """Make a kind that is a reply.

    Args:
        reply: Its code, its enhanced code, and its text.
        stages: As in ``FailureKind``.
        description: As in ``FailureKind``.
        end: As in ``Failure``.
        scope: As in ``FailureKind``.
    """
    code, enhanced, text = reply.split(' ', 2)
    category = 'F' if stages == ('connect',) else 'A' if code.startswith('4') else 'B'

    def build(smtp: Conversation, exchange: Exchange) -> Failure:
        smtp.decided()
        line = f'{code} {text}' if exchange.stage in WITHOUT_ENHANCED_CODE else reply
        return Failure(f'{line}\r\n'.encode(), b'' if end else STAND_INS.get(exchange.stage, b''), end)
    return FailureKind(description, stages, build, (code, enhanced), category, scope)


def _leave_unanswered(smtp: Conversation, exchange: Exchange) -> Failure:
    return Failure(request=None, end='silence')


def _strip(smtp: Conversation, exchange: Exchange) -> None:
    smtp.stripped |= {exchange}
    smtp.editing = True


KINDS: dict[str, FailureKind] = {
    'service-unavailable': refusal(
        '421 4.3.2 Service not available, closing transmission channel', ('connect', *ANY_STAGE),
        "The server shuts down: 421, then the connection is closed.", 'close', scope='server'),
    'idle-timeout': refusal(
        '421 4.4.2 Timeout exceeded, closing transmission channel', ANY_STAGE,
        "The client was too slow for the server: 421, then the connection is closed.", 'close'),
    'too-many-connections': refusal(
        '421 4.7.0 Too many connections, try again later', ('connect',),
        "The server has as many clients as it takes: 421 in place of the greeting, then the connection is closed.", 'close',
        scope='server'),
    'mailbox-busy': refusal(
        '450 4.2.1 Mailbox busy, try again later', ('rcpt',),
        "A recipient's mailbox is locked: 450 for this recipient."),
    'greylisted': refusal(
        '450 4.7.1 Greylisted, try again later', ('rcpt',),
        "The server takes mail from unknown senders only at the second try: 450 for this recipient."),
    'local-error': refusal(
        '451 4.3.0 Local error in processing, try again later', ('mail', 'rcpt', 'data', *CHUNKS),
        "Something broke inside the server: 451, and the command or the message is not accepted."),
    'insufficient-storage': refusal(
        '452 4.3.1 Insufficient system storage', ('mail', 'rcpt', *CHUNKS),
        "The server's disk is full: 452, and the command or the message is not accepted.", scope='server'),
    'too-many-recipients': refusal(
        '452 4.5.3 Too many recipients', ('rcpt',),
        "The message already has as many recipients as the server takes at a time: 452 for this one."),
    'tls-unavailable': refusal(
        '454 4.7.0 TLS not available due to temporary reason', ('starttls',),
        "The server cannot start TLS now: 454, and the connection stays in the clear (RFC 3207).", scope='server'),
    'auth-temporary': refusal(
        '454 4.7.0 Temporary authentication failure', (*LOGIN, 'credentials'),
        "The server cannot check credentials now: 454 (RFC 4954).", scope='server'),
    'not-implemented': refusal(
        '502 5.5.1 Command not implemented', ('hello', 'vrfy'),
        "An old server, or a cautious one: 502 for EHLO, after which a client falls back to HELO, for VRFY and for EXPN."),
    'auth-required': refusal(
        '530 5.7.0 Authentication required', ('mail',),
        "The server takes mail from known users only: 530 for the MAIL of a client that has not authenticated (RFC 4954).",
        scope='server'),
    'auth-too-weak': refusal(
        '534 5.7.9 Authentication mechanism is too weak', LOGIN,
        "The server's policy demands a stronger mechanism for this user: 534 (RFC 4954)."),
    'auth-failed': refusal(
        '535 5.7.8 Authentication credentials invalid', ('auth-initial', 'credentials'),
        "The password is wrong: 535 for the line that carries it (RFC 4954)."),
    'encryption-required': refusal(
        '538 5.7.11 Encryption required for requested authentication mechanism', LOGIN,
        "The server takes passwords over TLS only: 538 (RFC 4954).", scope='server'),
    'hello-rejected': refusal(
        '550 5.7.1 Access denied', ('hello',),
        "The server does not serve this client: 550 for EHLO and HELO.", scope='server'),
    'sender-rejected': refusal(
        '550 5.7.1 Sender rejected', ('mail',),
        "The server takes no mail from this sender: 550 for MAIL."),
    'mailbox-unavailable': refusal(
        '550 5.1.1 Mailbox unavailable', ('rcpt', 'vrfy'),
        "There is no such mailbox: 550 for this recipient."),
    'content-rejected': refusal(
        '550 5.7.1 Message content rejected', END_OF_MESSAGE,
        "A filter has rejected the message: 550 at its end."),
    'user-moved': refusal(
        '551 5.1.6 User not local, please try another server', ('rcpt',),
        "The mailbox has moved away: 551 for this recipient."),
    'mailbox-full': refusal(
        '552 5.2.2 Mailbox full', ('rcpt', *END_OF_MESSAGE),
        "The recipient is over quota: 552 for this recipient, or at the end of the message."),
    'too-big': refusal(
        '552 5.3.4 Message size exceeds fixed limit', ('mail', *CHUNKS),
        "The message is too big: 552 for a MAIL that declares a SIZE (RFC 1870), or at the end of the message."),
    'name-not-allowed': refusal(
        '553 5.1.3 Mailbox name not allowed', ('rcpt',),
        "The server does not understand the recipient's address: 553 for this recipient."),
    'relay-denied': refusal(
        '554 5.7.1 Relay access denied', ('rcpt',),
        "The server takes no mail for this domain: 554 for this recipient."),
    'transaction-failed': refusal(
        '554 5.0.0 Transaction failed', ('connect', 'data', *CHUNKS),
        "The server gives up for good: 554 for DATA or at the end of the message; or in place of the greeting, and then "
        "the connection is closed."),
    REFUSED: refusal(
        '454 4.7.0 TLS not available due to local problem', ('starttls',),
        "The server offers TLS and cannot begin it: 454 for STARTTLS.", scope='server')._replace(codes=(), only_named=True),
    STRIPPED: FailureKind(
        "Something between client and server takes the offer away: the reply to EHLO has no STARTTLS.",
        ('hello',), _strip, category='B', scope='server', only_named=True),
    DROPPED: dropping("The connection closes in place of the reply to STARTTLS.", 'starttls'),
    'unanswered': FailureKind(
        "The message is delivered, but the reply that says so never comes: a client that tries again sends a duplicate.",
        (DELIVERY, 'last-chunk'), _leave_unanswered, category='D'),
    'lost-reply': lost_reply((DELIVERY, 'last-chunk')),
    'half-reply': half_reply(('hello',), HalfOfLines),
}

#: what else must be true of an exchange for a kind to fit it
CONDITIONS: Mapping[str, Callable[[Conversation, Exchange], bool]] = {
    'auth-required': lambda smtp, exchange: not smtp.authenticated,
    STRIPPED: lambda smtp, exchange: exchange.name[:4].upper() == 'EHLO',
    'half-reply': lambda smtp, exchange: exchange.name[:4].upper() == 'EHLO',    # the reply to HELO has one line
    'not-implemented': lambda smtp, exchange: exchange.name[:4].upper() != 'HELO',
    'too-big': lambda smtp, exchange: exchange.stage != 'mail' or ' SIZE=' in exchange.name.upper(),
}
