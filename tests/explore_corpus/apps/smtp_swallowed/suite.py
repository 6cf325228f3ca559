"""An alert is sent."""
import smtp_swallowed


def test_alert():
    smtp_swallowed.alert('carol@example.com')
