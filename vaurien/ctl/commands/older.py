"""The commands of ``vaurienctl`` that had other forms before each was a verb and a proxy; they go on working."""
import argparse
from collections.abc import Callable

from ...client import MAIN, Client
from .. import arguments as a
from ..arguments import Argument, Command
from ..results import Result, UsageError
from .proxies import get_behavior, list_behaviors, set_behavior
from .toxics import add_toxic, change_toxic, list_toxics, remove_toxic

Run = Callable[[Client, argparse.Namespace], Result]
#: by the action of ``toxic``, what does it, and what it does not take
TOXIC_ACTIONS: dict[str, tuple[Run, tuple[str, ...]]] = {
    'list': (list_toxics, ('stream', 'called', 'toxicity', 'toxic', 'attributes', 'options')),
    'add': (add_toxic, ()),
    'update': (change_toxic, ('stream', 'called')),
    'remove': (remove_toxic, ('stream', 'called', 'toxicity', 'attributes', 'options')),
}


def toxic(client: Client, args: argparse.Namespace) -> Result:
    run, refused = TOXIC_ACTIONS[args.action]
    for name in refused:
        if getattr(args, name) not in (None, []):
            raise UsageError(f'toxic {args.action}: {getattr(args, name)!r} has no meaning here')
    if args.toxic is None and 'toxic' not in refused:
        raise UsageError(f'toxic {args.action}: which toxic is missing')
    return run(client, args)


ACTION = Argument('action', 'ACTION', f'one of {", ".join(TOXIC_ACTIONS)}', choices=tuple(TOXIC_ACTIONS))
TOXIC = Argument('toxic', 'TOXIC', 'its type, to add it; else its name', nargs='?')
OLDER: dict[str, Command] = {
    'list-behaviors': Command('is behaviors', list_behaviors),
    'get-behavior': Command(f'is behavior PROXY; without --proxy, of {MAIN}', get_behavior, (a.OF_PROXY,)),
    'set-behavior': Command(f'is behavior PROXY NAME; without --proxy, of {MAIN}', set_behavior, (a.BEHAVIOR, a.OF_PROXY),
                            options=True),
    'toxic': Command('is toxics, add-toxic, change-toxic and remove-toxic', toxic,
                     (ACTION, a.PROXY, TOXIC, a.ATTRIBUTES, a.CALLED, a.STREAM, a.TOXICITY), options=True),
}
