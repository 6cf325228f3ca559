"""The command of ``vaurienctl`` about the mark. Knows the client's methods."""
import argparse

from ...client import Client
from ..results import Result, UsageError, done, said


def mark(client: Client, args: argparse.Namespace) -> Result:
    """Begin a test, or end it; with neither it is shown which one runs."""
    if args.test is not None and args.end:
        raise UsageError(f'{args.test!r} and --end, expected one of them')
    if args.end:
        client.end_mark()
        return done('no test runs')
    test = client.mark() if args.test is None else client.begin_mark(args.test)
    return said({'test': test}, test or 'no test runs')
