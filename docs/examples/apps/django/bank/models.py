"""Accounts, with what they hold."""
from django.db import models


class Account(models.Model):
    """One account."""

    owner = models.CharField(max_length=100, unique=True)
    balance = models.IntegerField(default=0)
