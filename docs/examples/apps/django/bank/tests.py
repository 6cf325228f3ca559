"""The tests of the application. They know nothing of faults."""
from django.test import TransactionTestCase

from .models import Account


class Transfers(TransactionTestCase):
    """Money moves, and none is lost."""

    def setUp(self) -> None:
        Account.objects.create(owner='ann', balance=100)
        Account.objects.create(owner='bob')

    def test_money_moves(self) -> None:
        self.client.raise_request_exception = False
        response = self.client.post('/transfer', {'from': 'ann', 'to': 'bob', 'amount': 30})
        self.assertEqual(response.status_code, 200)
        self.assertEqual(dict(Account.objects.values_list('owner', 'balance')), {'ann': 70, 'bob': 30})
