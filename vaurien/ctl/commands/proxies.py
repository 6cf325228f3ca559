"""The commands of ``vaurienctl`` that make, change and end proxies. Knows the client's methods."""
import argparse
from collections.abc import Sequence

from ...client import Client, RefusedError
from ...errors import VaurienError, meant
from .. import text
from ..results import Result, UsageError, done, listed, rows, said


def list_proxies(client: Client, args: argparse.Namespace) -> Result:
    return rows('proxies', text.PROXIES, client.proxies())


def show(client: Client, args: argparse.Namespace) -> Result:
    return listed(client.show(args.proxy))


def create(client: Client, args: argparse.Namespace) -> Result:
    made = client.create(args.proxy, proxy=args.listen, backend=args.backend, protocol=args.protocol, mix=args.mix,
                         enabled=not args.disabled)
    return said(made, f'{args.proxy} listens on {made["address"]}' if made['enabled'] else f'{args.proxy} is disabled')


def remove(client: Client, args: argparse.Namespace) -> Result:
    client.remove(args.proxy)
    return done(f'{args.proxy} removed')


def enable(client: Client, args: argparse.Namespace) -> Result:
    shown = client.enable(args.proxy)
    return said(shown, f'{args.proxy} listens on {shown["address"]}')


def disable(client: Client, args: argparse.Namespace) -> Result:
    return said(client.disable(args.proxy), f'{args.proxy} is disabled')


def reset(client: Client, args: argparse.Namespace) -> Result:
    client.reset(args.proxy or '')
    return done(f'{args.proxy} is what it was created as' if args.proxy else 'all proxies are what they were created as')


def protocol(client: Client, args: argparse.Namespace) -> Result:
    return field(client, args, 'protocol')


def backend(client: Client, args: argparse.Namespace) -> Result:
    return field(client, args, 'backend')


def field(client: Client, args: argparse.Namespace, name: str) -> Result:
    """Show a field of a proxy, or change it."""
    value = getattr(args, name)
    shown = client.show(args.proxy) if value is None else client.change(args.proxy, **{name: value})
    return said({name: shown[name]}, str(shown[name]))


# -- what goes wrong

def mix(client: Client, args: argparse.Namespace) -> Result:
    shown = client.show(args.proxy) if args.mix is None else client.change(args.proxy, mix=args.mix)
    return said({'mix': shown['mix']}, str(shown['behavior']))


def list_behaviors(client: Client, args: argparse.Namespace) -> Result:
    found = client.list_behaviors()
    return said({'behaviors': found}, ', '.join(found))


def behavior(client: Client, args: argparse.Namespace) -> Result:
    if args.behavior is not None:
        return set_behavior(client, args)
    if args.options:
        raise UsageError(f'behavior {args.proxy}: which behavior is missing before {args.options[0]!r}')
    return get_behavior(client, args)


def get_behavior(client: Client, args: argparse.Namespace) -> Result:
    found = client.get_behavior()
    return said({'behavior': found}, found)


def set_behavior(client: Client, args: argparse.Namespace) -> Result:
    options = read_options(args.options)
    try:
        client.set_behavior(args.behavior, **options)
    except RefusedError as error:
        known = client.list_behaviors()
        if args.behavior in known:
            raise
        raise VaurienError(f'{error}, known: {", ".join(known)}{meant(args.behavior, known)}') from None    # the words are 1.x's
    return done(f'Behavior changed to "{args.behavior}"')


def read_options(words: Sequence[str]) -> dict[str, str | bool | list[str]]:
    """Read options of a behavior: ``--sleep 2``, ``--sleep=2``, ``--inject``, ``--no-before``.

    Values stay text: the server knows of what type they are. Of an option that comes several times they are a list.

    Raises:
        UsageError: There is a word that belongs to none.
    """
    options: dict[str, str | bool | list[str]] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition('=')
        if not name.startswith('--') or name == '--':
            raise UsageError(f'{name!r} belongs to no option, expected --option value')
        key = name[2:].replace('-', '_')
        if equals or rest and not rest[0].startswith('--'):
            value = value if equals else rest.pop(0)
            before = options.get(key)
            options[key] = [*before, value] if isinstance(before, list) else [before, value] if isinstance(before, str) else value
        else:
            options[key.removeprefix('no_')] = not key.startswith('no_')
    return options
