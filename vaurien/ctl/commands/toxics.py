"""The commands of ``vaurienctl`` that are about toxics. Knows the client's methods."""
import argparse

from ...client import Client
from .. import text
from ..arguments import read_attributes
from ..results import Result, done, rows, said


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
