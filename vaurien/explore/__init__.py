"""The subcommand ``vaurien explore``: each failure at each request that a command makes, one at a time, and what came of it."""
from collections.abc import Sequence
from contextlib import nullcontext

__all__ = ['main']


def main(argv: Sequence[str]) -> int:
    """Explore a command.

    Args:
        argv: The arguments after the word ``explore``.

    Returns:
        0: no new FAIL; 1: there is one; 3: there is no baseline that holds; 130: ended by a signal.

    Raises:
        ConfigError: A value does not fit; nothing was started.
        OSError, VaurienError: Something cannot be opened.
    """
    if argv and argv[0] == 'accept':
        from .accepting import accept
        return accept(argv[1:])
    from ..run.keeper import Keeper
    from .settings import has_aside
    # their processes are made while this one has neither threads nor an event loop
    with Keeper() as keeper, Keeper() if has_aside(argv) else nullcontext() as aside:
        from .command import explore
        return explore(argv, keeper, aside)
