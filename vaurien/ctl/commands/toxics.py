"""The commands of ``vaurienctl`` that are about toxics. Knows the client's methods."""
import argparse

from ...client import Client
from .. import text
from ..results import Result, UsageError, done, rows, said


def list_toxics(client: Client, args: argparse.Namespace) -> Result:
    return rows('toxics', text.TOXICS, client.toxics(args.proxy))


def add_toxic(client: Client, args: argparse.Namespace) -> Result:
    fields = {'name': args.called, 'stream': args.stream, 'toxicity': args.toxicity}
    given = {key: value for key, value in fields.items() if value is not None}
    made = client.add_toxic(args.proxy, args.toxic, read_attributes(args), **given)
    return said(made, f'{args.proxy} has the toxic {made["name"]}')


def change_toxic(client: Client, args: argparse.Namespace) -> Result:
    given = {} if args.toxicity is None else {'toxicity': args.toxicity}
    changed = client.change_toxic(args.proxy, args.toxic, read_attributes(args), **given)
    return said(changed, f'{args.proxy} has changed the toxic {changed["name"]}')


def remove_toxic(client: Client, args: argparse.Namespace) -> Result:
    client.remove_toxic(args.proxy, args.toxic)
    return done(f'{args.proxy} has the toxic {args.toxic} no more')


def read_attributes(args: argparse.Namespace) -> dict[str, str]:
    """Read ``latency=100``; values stay text, as those of behaviors.

    Raises:
        UsageError: A word is not of this form.
    """
    attributes = {}
    for word in (*args.attributes, *args.options):      # argparse leaves those after an option to the latter
        name, equals, value = word.partition('=')
        if not name or not equals or name.startswith('-'):
            raise UsageError(f'{word!r} is no attribute, expected NAME=VALUE')
        attributes[name] = value
    return attributes
