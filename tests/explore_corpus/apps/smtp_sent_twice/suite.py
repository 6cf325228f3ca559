"""A mail is sent."""
import smtp_sent_twice


def test_notify():
    smtp_sent_twice.notify('ann@example.com')
