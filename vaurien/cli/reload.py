"""The command line and its files as a source that a process follows: read at the start, and again when it is asked for.

Where what is read again is refused, everything stays as it is and the log says why. Knows no fleet.
"""
import logging
from collections.abc import Callable
from typing import Protocol

import gevent
from gevent.event import Event

from ..config import Configuration
from ..errors import in_words
from ..following.wanted import Report, Wanted
from ..proxies.reconcile import Difference
from ..registry import IMPORT_ERRORS
from ..spec import ProcessSpec

#: what SIGHUP brings into force; all else takes a new start
LIVE = ('proxies', 'defaults')

logger = logging.getLogger(__name__)


def first(spec: ProcessSpec) -> Wanted:
    """Return what a process should be by its command line and its files, as they were read first."""
    return Wanted(version=1, specs=spec.proxies, plan=spec.plan, defaults=spec.defaults)


class Source(Protocol):
    """What makes the process what is wanted: a follower, or a member of a cluster, which adds what that wants."""

    def become(self, wanted: Wanted) -> Report: ...


class Reload:
    """Reads again, in a greenlet of its own, whenever an event is set.

    Args:
        follower: Makes the process what the configuration says.
        configuration: What was read before.
        event: Set to ask for it; cleared here.
        tell: Called with the name of each proxy that is new.
    """

    def __init__(self, follower: Source, configuration: Configuration, event: Event, tell: Callable[[str], None]) -> None:
        self._follower, self._spec, self._event, self._tell = follower, configuration.spec, event, tell
        self._version = 1
        self._read, self._told = configuration.again, set(configuration.notes)
        self._greenlet = gevent.spawn(self._follow)

    def _follow(self) -> None:
        while self._event.wait():
            self._event.clear()
            try:
                self._reload()
            except IMPORT_ERRORS as error:   # plugins are imported and made; whatever it is, the process goes on as it was
                logger.error('not reloaded, and nothing has changed: %s', in_words(error))

    def _reload(self) -> None:
        assert self._read is not None
        found = self._read()
        self._version += 1
        report = self._follower.become(Wanted(version=self._version, specs=found.spec.proxies, defaults=found.spec.defaults))
        for note in sorted(set(found.notes) - self._told):
            logger.warning('%s', note)
        self._told.update(found.notes)
        for name in report.created:
            self._tell(name)
        late = [field for field in ProcessSpec.__struct_fields__
                if field not in LIVE and getattr(found.spec, field) != getattr(self._spec, field)]
        if late:
            logger.warning('in force after the next start only: %s', ', '.join(late))
        logger.info('reloaded: %s', Difference(report.created, report.changed, report.removed))

    def close(self) -> None:
        """Read no more."""
        self._greenlet.kill()
