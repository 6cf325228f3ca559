"""``vaurien run`` as its users start it: a command line, an environment, and what comes of it."""
import subprocess
import sys

from .daemon import environment
from .unit_of_time import PATIENCE


def run(*arguments: str, text: str = '', **variables: str) -> 'subprocess.CompletedProcess[str]':
    """Run ``vaurien run`` to its end.

    Args:
        arguments: What stands behind ``run``.
        text: What the command reads on its standard input.
        variables: What the environment has beside that of this process.
    """
    return subprocess.run([sys.executable, '-m', 'vaurien', 'run', *arguments], env={**environment(), **variables}, text=True,
                          input=text, capture_output=True, timeout=PATIENCE, check=False)
