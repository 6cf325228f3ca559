"""The command of ``vaurienctl`` about where the time of the event loop goes. Knows the client's methods."""
import argparse
from typing import Any

from ...client import Client
from ...words.console import escaped
from .. import text
from ..results import Result


def busy(client: Client, args: argparse.Namespace) -> Result:
    return Result(client.busy(args.seconds), shown)


def shown(found: dict[str, Any], width: int) -> str:
    """Write the shares as a table, and after it which turn of the loop was the longest."""
    table, longest = text.table(text.BUSY, found['shares'], width), found['longest']
    if longest is None:
        return table
    by = longest['what'] + (f' of {longest["proxy"]}' if longest['proxy'] else '')
    return f'{table}\nall else was held up for {longest["seconds"] * 1000:.0f} ms at most, by {escaped(by)}'
