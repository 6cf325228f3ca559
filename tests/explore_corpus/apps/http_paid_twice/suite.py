"""An order is paid."""
import http_paid_twice


def test_pay():
    assert http_paid_twice.pay('an order', 500)
