"""Probes of an experiment: what a running vaurien does and has done. Knows the client's calls only, and changes nothing.

Each takes ``configuration`` and ``secrets`` from Chaos Toolkit, see ``steered``.
"""
from collections.abc import Mapping
from typing import Any

from .steered import steered

__all__ = ['count_faults', 'count_sessions', 'get_behavior', 'get_stats', 'has_toxic', 'is_enabled', 'toxics']

Said = Mapping[str, Any] | None


def get_behavior(proxy: str, configuration: Said = None, secrets: Said = None) -> str:
    """Return the name of a proxy's behavior, ``dummy`` where nothing goes wrong; with a mix, the mix as text."""
    with steered(configuration, secrets) as client:
        client.proxy = proxy
        return client.get_behavior()


def toxics(proxy: str, configuration: Said = None, secrets: Said = None) -> list[str]:
    """Return the names of a proxy's toxics, in their order."""
    with steered(configuration, secrets) as client:
        return [str(toxic['name']) for toxic in client.toxics(proxy)]


def has_toxic(proxy: str, toxic: str, configuration: Said = None, secrets: Said = None) -> bool:
    """Return whether a proxy has a toxic of this name."""
    return toxic in toxics(proxy, configuration, secrets)


def is_enabled(proxy: str, configuration: Said = None, secrets: Said = None) -> bool:
    """Return whether a proxy accepts connections."""
    with steered(configuration, secrets) as client:
        return bool(client.show(proxy)['enabled'])


def count_faults(proxy: str = '', behavior: str = '', kind: str = '', since: int = 0, configuration: Said = None,
                 secrets: Said = None) -> int:
    """Return how many faults were injected, of those that are remembered.

    Args:
        proxy: Those of this proxy alone; empty: of all.
        behavior: Those of this behavior alone; empty: of all.
        kind: Those of this kind alone; empty: of all.
        since: Those with a higher id alone.
    """
    with steered(configuration, secrets) as client:
        return sum(behavior in ('', fault.behavior) and kind in ('', fault.kind) for fault in client.faults(proxy, since))


def count_sessions(proxy: str, configuration: Said = None, secrets: Said = None) -> int:
    """Return how many sessions of a proxy are open."""
    with steered(configuration, secrets) as client:
        return client.count_sessions(proxy)


def get_stats(configuration: Said = None, secrets: Said = None) -> list[dict[str, Any]]:
    """Return what each proxy has counted since it was made, as of ``GET /v1/stats``."""
    with steered(configuration, secrets) as client:
        return client.stats()
