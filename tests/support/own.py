"""The names of the plugins that come with vaurien, where a test goes through all of them; others may be registered by tests."""
from typing import Any


def own(registry: Any) -> list[str]:
    """Return the names of a registry's plugins that come with vaurien, in order."""
    return [name for name in sorted(registry.names()) if registry.get(name).__module__.startswith('vaurien.')]
