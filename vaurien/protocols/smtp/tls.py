"""How a mail server is asked for TLS, and what the greeting of a client says of it. Knows no stream.

The source is RFC 3207.
"""
from ..starttls import NoTLSError, Switch
from .lines import CRLF

#: the port at which TLS begins with the first byte (RFC 8314 section 7.3)
SUBMISSIONS = 465
EHLO, STARTTLS = b'EHLO [127.0.0.1]\r\n', b'STARTTLS\r\n'
#: the reply to STARTTLS, after which TLS begins
GO_AHEAD = b'220 2.0.0 Ready to start TLS\r\n'
#: the reply to STARTTLS inside TLS (RFC 5321 section 4.2.4 has 503 for what comes out of turn)
ACTIVE = b'503 5.5.1 TLS is active already\r\n'
MAX_REPLY_BYTES = 64 * 1024     #: [bytes] of a reply to what is said here at most


def complete(data: bytes) -> int:
    """Return where the first reply ends; 0: not all of it has come.

    Raises:
        NoTLSError: It is none, or too long.
    """
    at = 0
    while end := data.find(b'\n', at) + 1:
        code, mark = data[at:at + 3], data[at + 3:at + 4]
        if not code.isdigit() or len(code) < 3:
            raise NoTLSError(f'{data[at:end][:40]!r} is no reply of SMTP')
        at = end
        if mark != b'-':
            return at
    if len(data) > MAX_REPLY_BYTES:
        raise NoTLSError(f'a reply of more than {MAX_REPLY_BYTES} bytes')
    return 0


def offers(line: bytes) -> bool:
    """Return whether a line of a reply to EHLO offers STARTTLS."""
    return line[4:].strip().upper() == b'STARTTLS'


class AskForTLS(Switch):
    """Waits for the greeting, says EHLO and STARTTLS, and lets the session read the greeting once TLS begins."""

    def __init__(self) -> None:
        super().__init__()
        self._said = self._greeting = b''
        self._next = self._greeted

    def received(self, data: bytes) -> bytes:
        if self.begins:
            raise NoTLSError('bytes in the clear came after it had agreed to TLS')
        self._said += data
        end = complete(self._said)
        if not end:
            return b''
        reply, rest, self._said = self._said[:end], self._said[end:], b''
        passed = self._next(reply)
        if self.over:
            return passed + rest
        if rest:
            raise NoTLSError('bytes in the clear came after it had agreed to TLS' if self.begins else 'it speaks out of turn')
        return passed

    def _greeted(self, reply: bytes) -> bytes:
        if not reply.startswith(b'220'):
            self.over = True    # it refuses the client
            return reply
        self._greeting, self._next, self.out = reply, self._offered, EHLO
        return b''

    def _offered(self, reply: bytes) -> bytes:
        if not reply.startswith(b'250') or not any(map(offers, reply.splitlines()[1:])):
            raise NoTLSError('it speaks no TLS: its reply to EHLO does not offer STARTTLS')
        self._next, self.out = self._agreed, STARTTLS
        return b''

    def _agreed(self, reply: bytes) -> bytes:
        if not reply.startswith(b'220'):
            raise NoTLSError(f'its reply to STARTTLS is {reply.splitlines()[0][:80].decode("latin-1")}')
        self.begins = True
        return self._greeting


def without_starttls(reply: bytes) -> bytes:
    """Return a reply to EHLO without the line that offers STARTTLS (RFC 3207); another line is the last one where that was it."""
    first, *lines = reply.splitlines(keepends=True)
    kept = [first, *(line for line in lines if not offers(line))]
    if lines and kept[-1] is not lines[-1] and lines[-1][3:4] == b' ':
        kept[-1] = kept[-1][:3] + b' ' + kept[-1][4:]
    return b''.join(kept)


def with_starttls(reply: bytes) -> bytes:
    """Return a complete reply to EHLO with one line that offers STARTTLS, its last one."""
    *lines, last = without_starttls(reply).splitlines(keepends=True)
    ending = last[len(last.rstrip(CRLF)):]
    return b''.join((*lines, last[:3] + b'-' + last[4:] if last[3:4] == b' ' else last[:3] + b'-' + ending,
                     last[:3] + b' STARTTLS' + ending))
