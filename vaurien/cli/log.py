"""How the log looks. Nothing that a peer sends can make a line of it: what is not printable is escaped."""
import logging
from contextlib import suppress
from typing import Any

from ..console import escaped

FORMAT = '%(asctime)s %(levelname)s %(name)s: %(message)s'
MARGIN = '  | '     #: before every line of a traceback, so that none begins as a record does

logger = logging.getLogger(__name__)


class OneLine(logging.Formatter):
    """Makes one line of each record, with a margin before those of a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        kept, record.exc_text = record.exc_text, None   # another handler's words, with no margin
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in logging
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - its name in logging
        return '\n'.join(MARGIN + escaped(line) for line in super().formatException(ei).split('\n'))


def open_log(level: str, output: str) -> logging.Handler:
    """Send the log of this process to a file.

    Args:
        level: The least that is logged: critical, error, warning, info or debug.
        output: A path; ``-``: standard error.

    Raises:
        OSError: The file cannot be written.
    """
    handler = logging.StreamHandler() if output == '-' else logging.FileHandler(output, encoding='utf-8',
                                                                               errors='backslashreplace')
    handler.setFormatter(OneLine(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.raiseExceptions = False     # a full disk is no reason to print tracebacks
    return handler


def close_log(handler: logging.Handler) -> None:
    """End what ``open_log`` began."""
    logging.raiseExceptions = True
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.removeHandler(handler)
    with suppress(OSError):     # what a full disk has not taken is lost
        handler.close()


def log_exception(context: Any, t: Any, v: Any, tb: Any) -> None:
    """Log an exception that was not caught in the event loop; takes the place of the hub's own ``print_exception``."""
    logger.error('unexpected in %r', context, exc_info=(t, v, tb))
