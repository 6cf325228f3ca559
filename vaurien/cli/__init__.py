"""The command ``vaurien``: a process from its command line to its end."""
import sys
from collections.abc import Sequence

from .. import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run vaurien; ``--version`` alone is answered before anything is imported. See ``command.main``."""
    words = sys.argv[1:] if argv is None else argv
    if list(words) == ['--version'] and sys.stdout is not None and sys.platform != 'win32':
        sys.stdout.write(f'{__version__}\n')
        return 0
    from . import command
    return command.main(words)
