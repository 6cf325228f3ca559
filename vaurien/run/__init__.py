"""The subcommand ``vaurien run``: between a command and its backends, for as long as the command runs."""
from collections.abc import Sequence

__all__ = ['main']


def main(argv: Sequence[str]) -> int:
    """Run a command with proxies before its backends.

    Args:
        argv: The arguments after the word ``run``.

    Returns:
        The command's exit status, or what is in the table of the documentation.

    Raises:
        ConfigError: A value does not fit; nothing was started.
        OSError, VaurienError: Something cannot be opened; the command was not started.
    """
    from .keeper import Keeper
    with Keeper() as keeper:    # its process is made while this one has neither threads nor an event loop
        from .command import run
        return run(argv, keeper)
