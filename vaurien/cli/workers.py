"""Starts the workers of a process, where it is to have some, and gives each its log. Knows no proxy."""
import gc
import logging
import os
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ..config import Configuration
    from ..proxies.fleet import Fleet
    from ..spec import ProcessSpec
    from ..workers.nursery import Nursery

#: what a worker logs of changes, its parent has logged
QUIET = 'vaurien.proxies.fleet'


def settled(configuration: 'Configuration') -> 'Configuration':
    """Return the same with as many workers as there are cores, where that was asked for."""
    if configuration.spec.workers:
        return configuration
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return configuration._replace(spec=msgspec.structs.replace(configuration.spec, workers=cores))


def open_nursery(configuration: 'Configuration', ending: ExitStack) -> 'Nursery | None':
    """Make what workers are forked from; None: there are to be none. To be called before there is an event loop or a thread.

    Raises:
        ConfigError: A value takes one process.
        OSError: It cannot be made.
    """
    spec = configuration.spec
    if spec.workers == 1:
        return None
    from ..workers.alone import check_process
    from ..workers.nursery import Nursery
    from ..workers.worker import work
    check_process(spec)
    nursery = Nursery(partial(work, configuration.again, partial(prepare, spec)))
    ending.callback(nursery.close)
    return nursery


def prepare(spec: 'ProcessSpec', number: int, ending: ExitStack) -> None:
    """Open the log of a worker."""
    from .command import open_outputs
    from .parts import begin_keylog
    log, _ = open_outputs(spec, None, ending)
    log.addFilter(partial(label, number))
    logging.getLogger(QUIET).setLevel(logging.ERROR)
    if spec.tls_keylog:
        logging.getLogger(begin_keylog.__module__).setLevel(logging.ERROR)
        begin_keylog(spec.tls_keylog)
    gc.freeze()


def label(number: int, record: logging.LogRecord) -> bool:
    """Say in a record which worker it is of."""
    record.name = f'worker {number} {record.name}'
    return True


def make_fleet(configuration: 'Configuration', nursery: 'Nursery | None') -> 'tuple[Fleet, Configuration]':
    """Make the fleet, and its workers where it has some.

    Returns:
        The fleet, and the configuration, which tells the workers when it is read again.

    Raises:
        OSError: A worker cannot be made.
    """
    from ..proxies.fleet import Fleet
    spec, again = configuration.spec, configuration.again
    if nursery is None:
        return Fleet(spec.seed, spec.defaults), configuration
    from ..workers.crew import Crew
    from ..workers.mirror import Mirror
    seed = int.from_bytes(os.urandom(4)) if spec.seed is None else spec.seed
    crew = Crew(nursery, spec.workers, seed)
    fleet = Mirror(crew, seed, spec.defaults)
    try:
        crew.start()
    except BaseException:
        fleet.close()
        raise

    def read() -> 'Configuration':
        assert again is not None
        found = again()
        crew.read()
        return settled(found)
    return fleet, configuration if again is None else configuration._replace(again=read)
