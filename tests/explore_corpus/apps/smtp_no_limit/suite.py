"""News are sent."""
import smtp_no_limit


def test_send():
    smtp_no_limit.send('dave@example.com')
