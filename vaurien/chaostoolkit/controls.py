"""A control of an experiment: its title is the mark of its requests, its faults go into its journal, and all is reset after it.

Knows the client's calls, and of the journal only that it is a mapping. A control that fails is logged by Chaos Toolkit, and the
experiment goes on.
"""
from collections.abc import Mapping
from typing import Any

from .steered import steered

__all__ = ['after_experiment_control', 'before_experiment_control']

Said = Mapping[str, Any] | None
#: where the journal of Chaos Toolkit has what happened
KEY = 'vaurien'
#: the id of the newest fault before an experiment, by its title
_BEGAN: dict[str, int] = {}


def before_experiment_control(context: Mapping[str, Any], configuration: Said = None, secrets: Said = None,
                              **_: Any) -> None:
    """Begin a test of the experiment's title: from here on requests in vaurien's journal have it."""
    with steered(configuration, secrets) as client:
        _BEGAN[context['title']] = client.last_fault()
        client.begin_mark(context['title'])


def after_experiment_control(context: Mapping[str, Any], state: dict[str, Any], reset: bool = True, configuration: Said = None,
                             secrets: Said = None, **_: Any) -> None:
    """End that test, and write what was injected into Chaos Toolkit's journal as ``vaurien``.

    Args:
        context: The experiment.
        state: The journal; it gets ``vaurien`` with ``seed`` and ``faults``, each as of ``GET /v1/faults``.
        reset: Whether to make all proxies again what they were created as, also where a rollback has failed or was not run.
    """
    with steered(configuration, secrets) as client:
        if reset:
            client.reset()
        client.end_mark()
        faults = client.faults(since=_BEGAN.pop(context['title'], 0))
        state[KEY] = {'seed': client.seed(), 'faults': [fault._asdict() for fault in faults]}
