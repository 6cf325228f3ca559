"""Makes the fleet of a process, with workers or without. Knows no proxy."""
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ..config import Configuration
    from ..proxies.fleet import Fleet
    from .nursery import Nursery


def settled(configuration: 'Configuration') -> 'Configuration':
    """Return the same with as many workers as there are cores, where that was asked for."""
    if configuration.spec.workers:
        return configuration
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return configuration._replace(spec=msgspec.structs.replace(configuration.spec, workers=cores))


def open_nursery(configuration: 'Configuration', ending: ExitStack,
                 prepare: Callable[[int, ExitStack], None]) -> 'Nursery | None':
    """Make what workers are forked from; None: there are to be none. To be called before there is an event loop or a thread.

    Args:
        configuration: What the process should be.
        ending: What is to be done in the end is added to it.
        prepare: Called in each worker, with its number: opens its log.

    Raises:
        ConfigError: A value takes one process.
        OSError: It cannot be made.
    """
    spec = configuration.spec
    if spec.workers == 1:
        return None
    from .alone import check_process
    from .nursery import Nursery
    from .worker import work
    check_process(spec)
    nursery = Nursery(partial(work, configuration.again, prepare))
    ending.callback(nursery.close)
    return nursery


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
    from .crew import Crew
    from .mirror import Mirror
    seed = int.from_bytes(os.urandom(4)) if spec.seed is None else spec.seed
    crew = Crew(nursery, spec.workers, seed, bool(spec.journal), spec.http_times)
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
