"""``POST /transfer``: moves money from one account to another, both or none."""
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse

from .models import Account


def transfer(request: HttpRequest) -> JsonResponse:
    """Move what the form says."""
    move(request.POST['from'], request.POST['to'], int(request.POST['amount']))
    return JsonResponse({'moved': int(request.POST['amount'])})


def move(giver: str, taker: str, amount: int) -> None:
    """Move money in one transaction."""
    with transaction.atomic():
        Account.objects.filter(owner=giver).update(balance=F('balance') - amount)
        Account.objects.filter(owner=taker).update(balance=F('balance') + amount)
