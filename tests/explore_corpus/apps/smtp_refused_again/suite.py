"""A friend is invited."""
import smtp_refused_again


def test_invite():
    smtp_refused_again.invite('bob@example.com')
