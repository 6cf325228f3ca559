"""Reads the configuration again when it is asked to: the fleet becomes what it says, or stays as it is and the log says why."""
import logging
from collections.abc import Callable

import gevent
from gevent.event import Event

from ..config import Configuration
from ..errors import in_words
from ..proxies.fleet import Fleet
from ..proxies.proxy import Proxy
from ..registry import IMPORT_ERRORS
from ..spec import ProcessSpec

#: what SIGHUP brings into force; all else takes a new start
LIVE = ('proxies', 'defaults')

logger = logging.getLogger(__name__)


class Reload:
    """Reads again, in a greenlet of its own, whenever an event is set.

    Args:
        fleet: What is to become what the configuration says.
        configuration: What was read before.
        event: Set to ask for it; cleared here.
        tell: Called with each proxy that is new.
    """

    def __init__(self, fleet: Fleet, configuration: Configuration, event: Event, tell: Callable[[Proxy], None]) -> None:
        self._fleet, self._spec, self._event, self._tell = fleet, configuration.spec, event, tell
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
        work = self._fleet.reconcile(found.spec.proxies)
        self._fleet.defaults = found.spec.defaults
        for note in sorted(set(found.notes) - self._told):
            logger.warning('%s', note)
        self._told.update(found.notes)
        for name in work.created:
            self._tell(self._fleet.get(name))
        late = [field for field in ProcessSpec.__struct_fields__
                if field not in LIVE and getattr(found.spec, field) != getattr(self._spec, field)]
        if late:
            logger.warning('in force after the next start only: %s', ', '.join(late))
        logger.info('reloaded: %s', work)

    def close(self) -> None:
        """Read no more."""
        self._greenlet.kill()
