"""The shapes of SMTP's commands as programs send them."""
import pytest

from vaurien.protocols.smtp import SMTP

SHAPES = {
    'EHLO host-17.example.org': 'EHLO ?',
    'ehlo [127.0.0.1]': 'EHLO ?',
    'HELO': 'HELO',
    'MAIL FROM:<ann@example.org>': 'MAIL FROM:<?>',
    'mail FROM:<ann@example.org> size=512 BODY=8BITMIME SMTPUTF8': 'MAIL FROM:<?> size=? BODY=8BITMIME SMTPUTF8',
    'MAIL FROM:<>': 'MAIL FROM:<>',
    'MAIL FROM: ann7@example.org': 'MAIL FROM: ann?@example.org',
    'RCPT TO:<bob@example.org> NOTIFY=SUCCESS ORCPT=rfc822;bob@example.org': 'RCPT TO:<?> NOTIFY=? ORCPT=?',
    'DATA': 'DATA',
    '. FROM:<ann@example.org> size=19': '. FROM:<?> size=?',
    'BDAT 86 LAST': 'BDAT ? LAST',
    'AUTH PLAIN': 'AUTH PLAIN',
    'AUTH CRAM-MD5': 'AUTH CRAM-MD?',
    'VRFY bob': 'VRFY ?',
    'RSET': 'RSET',
    'QUIT': 'QUIT',
    'STARTTLS': 'STARTTLS',
}


@pytest.mark.parametrize('name, shape', SHAPES.items(), ids=repr)
def test_addresses_and_sizes_are_masked(name, shape):
    assert SMTP.shape(name) == shape
    assert SMTP.shape(shape) == shape
