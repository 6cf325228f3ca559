"""What everything on the event loop shares: where the caller runs, how a watcher is given back, what a plugin may raise."""
from typing import Any

from gevent import Timeout, get_hub, getcurrent

READABLE, WRITABLE = 1, 2   #: the events of a watcher for input and output, as libev counts them
#: what a plugin may raise; gevent's ``Timeout`` is no ``Exception``, and ``SystemExit`` would end the process without a word
PLUGIN_ERRORS = (Exception, Timeout, SystemExit)


def in_loop() -> bool:
    """Return whether the caller runs in the event loop's callback, where nothing may wait."""
    return getcurrent() is get_hub()


def release(watcher: Any) -> Any:
    """Stop a watcher and close it, before the number of its descriptor can be used again; None: there is nothing to do.

    Returns:
        None, so that the caller forgets it in the same statement: ``self._timer = release(self._timer)``.
    """
    if watcher is not None:
        watcher.stop()
        watcher.close()
    return None
