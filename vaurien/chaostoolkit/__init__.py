"""Faults of a running vaurien as actions, probes and controls of an experiment of Chaos Toolkit.

Needs ``vaurien[chaostoolkit]`` where an activity fails or is listed, and the standard library otherwise.
"""
from typing import Any

from .. import __version__
from .steered import chaoslib

__all__ = ['discover']


def discover(discover_system: bool = True) -> dict[str, Any]:
    """List the actions, probes and controls, in the shape of ``chaos discover``.

    Args:
        discover_system: Taken as Chaos Toolkit has it, and not needed: no system is asked.

    Raises:
        VaurienError: chaostoolkit-lib is not installed.
    """
    listed = chaoslib('chaoslib.discovery')
    found: dict[str, Any] = listed.initialize_discovery_result('vaurien', __version__, 'vaurien')
    found['activities'] += [*listed.discover_actions(f'{__name__}.actions'), *listed.discover_probes(f'{__name__}.probes')]
    return found
