"""curl as a client of rows: a process for each page. Knows no version of HTTP."""
import contextlib
import subprocess
from collections.abc import Callable, Collection, Iterator

from tests.support.processes import HOST, program
from tests.support.unit_of_time import PATIENCE


@contextlib.contextmanager
def with_curl(port: int, seconds: float = PATIENCE, options: Collection[str] = ()) -> Iterator[Callable[[str], str]]:
    """Fetch by a process of curl for each page; an error is its exit status.

    Args:
        port: The port of 127.0.0.1.
        seconds: How long it may take in all.
        options: Others of curl.
    """
    curl = [program('curl'), '-q', '-sS', '--noproxy', '*', '--fail', '--max-time', str(seconds), *options]

    def fetch(path: str) -> str:
        done = subprocess.run([*curl, f'http://{HOST}:{port}{path}'], capture_output=True, text=True, check=False,
                              timeout=PATIENCE)
        return f'exit status {done.returncode}' if done.returncode else done.stdout
    yield fetch
