"""How the log looks. Nothing that a peer sends can make a line of it: what is not printable is escaped."""
import logging
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from ..words.console import escaped
from .background import BackgroundWriter, never_waiting

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


def dropped(formatter: logging.Formatter, count: int) -> str:
    """Write a line of the log about those that are missing from it."""
    text = 'lines of the log that were dropped, as nothing has read them in time: %d'
    return formatter.format(logging.LogRecord(logger.name, logging.WARNING, __file__, 0, text, (count,), None)) + '\n'


def open_stream(output: str, formatter: logging.Formatter, ending: ExitStack) -> Any:
    """Open where the log goes; a write to it never waits.

    Args:
        output: As for ``open_log``.
        formatter: How its lines look.
        ending: What is to be done in the end is added to it.
    """
    tell = partial(dropped, formatter)
    if output == '-':
        return ending.enter_context(never_waiting(sys.stderr, tell))
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(output).st_mode):
            # a named pipe that is opened for reading, too, does not wait for its reader, and outlives him
            flags = os.O_RDWR if stat.S_ISFIFO(os.stat(output).st_mode) else os.O_WRONLY
            writer = BackgroundWriter(os.open(output, flags | os.O_CLOEXEC | os.O_NOCTTY), tell, owned=True)
            ending.callback(writer.close)
            return writer
    return ending.enter_context(open(output, 'a', encoding='utf-8', errors='backslashreplace'))


def is_news(record: logging.LogRecord) -> bool:
    """Return whether standard output does not say the same."""
    return not getattr(record, 'announced', False)


@contextmanager
def said_once(handler: logging.Handler, output: str) -> Iterator[None]:
    """Leave out of the log, for a ``with`` block, what standard output says, where both go to a terminal.

    Args:
        handler: The log.
        output: As for ``open_log``.
    """
    both = output == '-' and all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))
    if both:
        handler.addFilter(is_news)
    yield
    handler.removeFilter(is_news)


class Log(logging.StreamHandler[Any]):
    """The log of this process, until it is closed.

    Args:
        output: As for ``open_log``.
    """

    def __init__(self, output: str) -> None:
        formatter = OneLine(FORMAT)
        self._ending = ExitStack()
        super().__init__(open_stream(output, formatter, self._ending))
        self.setFormatter(formatter)

    def close(self) -> None:
        super().close()
        self._ending.close()


def open_log(level: str, output: str) -> logging.Handler:
    """Send the log of this process to a file.

    Args:
        level: The least that is logged: critical, error, warning, info or debug.
        output: A path; ``-``: standard error.

    Raises:
        OSError: The file cannot be written.
    """
    handler = Log(output)
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
