"""Waiting until something is so, by looking again and again. Knows nothing of what is looked at."""
import threading
import time
from collections.abc import Callable

#: [seconds] between two looks; one takes about 1 ms
POLL_INTERVAL = 0.01


def wait_until(missing: Callable[[], str | bool], timeout: float) -> None:
    """Wait until nothing is missing any more.

    Args:
        missing: Says what is missing; empty or False: nothing.
        timeout: Seconds to wait at most; 0: it is looked once.

    Raises:
        TimeoutError: Something still is; the message is what was said last, with the time.
    """
    deadline, never = time.monotonic() + timeout, threading.Event()
    while words := missing():
        if time.monotonic() >= deadline:
            raise TimeoutError(f'{words}, after {timeout:g} s')
        never.wait(POLL_INTERVAL)
