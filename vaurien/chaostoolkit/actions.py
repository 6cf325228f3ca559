"""Actions of an experiment: what puts faults on a running vaurien, and what takes them away. Knows the client's calls only.

Each takes ``configuration`` and ``secrets`` from Chaos Toolkit, see ``steered``, and returns what vaurien has answered, as JSON.
"""
from collections.abc import Mapping, Sequence
from typing import Any

from .steered import steered

__all__ = ['add_faults', 'add_toxic', 'clear_faults', 'disable_proxy', 'enable_proxy', 'kill_sessions', 'remove_toxic', 'reset',
           'set_behavior', 'set_mix']

Said = Mapping[str, Any] | None


def set_mix(proxy: str, mix: Sequence[Mapping[str, Any]], configuration: Said = None, secrets: Said = None) -> list[Any]:
    """Let a proxy have another mix of behaviors.

    Args:
        proxy: The proxy's name.
        mix: Entries with ``name``, ``percent`` (0 to 100) and ``settings``, as of ``PATCH /v1/proxies/NAME``; empty: no behavior.
    """
    with steered(configuration, secrets) as client:
        return list(client.change(proxy, mix=[dict(entry) for entry in mix])['mix'])


def set_behavior(proxy: str, name: str, options: Said = None, configuration: Said = None, secrets: Said = None) -> list[Any]:
    """Let a proxy apply one behavior to every exchange.

    Args:
        proxy: The proxy's name.
        name: The behavior's name.
        options: Its options by name; None: as they are configured.
    """
    return set_mix(proxy, [{'name': name, 'settings': dict(options or {})}], configuration, secrets)


def add_toxic(proxy: str, type: str, attributes: Said = None, name: str = '', stream: str = '', toxicity: float = 1.0,
              configuration: Said = None, secrets: Said = None) -> dict[str, Any]:
    """Put a toxic on a proxy.

    Args:
        proxy: The proxy's name.
        type: Which toxic.
        attributes: Its options by name; None: their defaults.
        name: How it is to be called; empty: after its type and stream.
        stream: ``upstream`` or ``downstream``; empty: downstream.
        toxicity: The share of sessions that get it, 0 to 1.
    """
    fields = {key: value for key, value in (('name', name), ('stream', stream)) if value}
    with steered(configuration, secrets) as client:
        return client.add_toxic(proxy, type, attributes, toxicity=toxicity, **fields)


def remove_toxic(proxy: str, toxic: str, configuration: Said = None, secrets: Said = None) -> None:
    """Take a toxic away from a proxy, by the names of both."""
    with steered(configuration, secrets) as client:
        client.remove_toxic(proxy, toxic)


def enable_proxy(proxy: str, configuration: Said = None, secrets: Said = None) -> bool:
    """Let a proxy listen again, and return that it is enabled."""
    with steered(configuration, secrets) as client:
        return bool(client.enable(proxy)['enabled'])


def disable_proxy(proxy: str, configuration: Said = None, secrets: Said = None) -> bool:
    """Let a proxy refuse connections and reset the open ones, and return that it is not enabled."""
    with steered(configuration, secrets) as client:
        return not client.disable(proxy)['enabled']


def kill_sessions(proxy: str, configuration: Said = None, secrets: Said = None) -> int:
    """End all sessions of a proxy with a reset, and return how many there were."""
    with steered(configuration, secrets) as client:
        return client.kill_all(proxy)


def add_faults(faults: Sequence[str], configuration: Said = None, secrets: Said = None) -> list[Any]:
    """Add entries to the plan, such as ``cache: SET session:* #2 = readonly``: all of them or none."""
    with steered(configuration, secrets) as client:
        return client.add_to_plan(*faults)


def clear_faults(configuration: Said = None, secrets: Said = None) -> None:
    """Take all entries of the plan away."""
    with steered(configuration, secrets) as client:
        client.clear_plan()


def reset(proxy: str = '', configuration: Said = None, secrets: Said = None) -> None:
    """Make a proxy again what it was created as, by its name; empty: all proxies."""
    with steered(configuration, secrets) as client:
        client.reset(proxy)
