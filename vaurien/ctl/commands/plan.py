"""The command of ``vaurienctl`` about the plan. Knows the client's methods."""
import argparse

from ...client import Client
from .. import text
from ..results import Result, UsageError, done, rows


def plan(client: Client, args: argparse.Namespace) -> Result:
    """Do what is asked for; without a word it is shown."""
    if args.action == 'add':
        return add(client, args.words)
    if args.action == 'remove':
        return remove(client, args.words)
    if args.words:
        raise UsageError(f'{args.words[0]!r} is no word that {args.action} takes, expected none')
    if args.action == 'clear':
        client.clear_plan()
        return done('the plan is empty')
    return rows('entries', text.PLAN, client.plan())


def add(client: Client, words: list[str]) -> Result:
    if not words:
        raise UsageError('add lacks an entry, expected one such as "cache: SET session:* #2 = readonly"')
    return rows('entries', text.PLAN, client.add_to_plan(*words))


def remove(client: Client, words: list[str]) -> Result:
    for word in words:
        if not (word.isascii() and word.isdigit()):
            raise UsageError(f'{word!r} is no id of an entry, expected a number')
    if not words:
        raise UsageError('remove lacks the ids of entries')
    return rows('entries', text.PLAN, [client.remove_from_plan(int(word)) for word in words])
