"""What each command of SMTP does."""
import pytest

from vaurien.protocols.effects.words import ADDS, END, LOGIN, READ
from vaurien.protocols.smtp.effects import EFFECTS


@pytest.mark.parametrize('name, stage, expected', [
    ('EHLO a', 'hello', LOGIN), ('MAIL FROM:<a>', 'mail', READ), ('DATA', 'data', READ), ('. <a>', 'delivery', ADDS),
    ('BDAT 5 LAST', 'last-chunk', ADDS), ('QUIT', 'quit', END),
])
def test_only_the_end_of_a_message_sends_a_mail(name, stage, expected):
    assert EFFECTS.of(name, stage) == expected
