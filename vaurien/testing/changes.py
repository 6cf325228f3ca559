"""Changes of a proxy that hold for the length of a block. Knows a proxy by what it is told here, and no process."""
from collections.abc import Collection, Mapping
from typing import Any, Generic, Protocol, TypeVar

from ..client import Client
from ..client.quiet import is_refusal
from .unused import AskedMix, Unused, complain

__tracebackhide__ = is_refusal


class Changed(Protocol):
    """A proxy, as far as a change knows one."""

    client: Client
    name: str

    def settle(self, asked: AskedMix | None, fine: bool) -> Unused: ...


P = TypeVar('P', bound=Changed)


class Change(Generic[P]):
    """A change that has been made. As a context manager it holds for the length of the block: at its end, also after an
    exception, what was there before comes back.

    Args:
        proxy: The proxy that has been changed.
        before: The fields of its spec that it replaced.
    """

    def __init__(self, proxy: P, before: Mapping[str, Any]) -> None:
        self._proxy, self._before = proxy, before

    def __enter__(self) -> P:
        return self._proxy

    def __exit__(self, *error: object) -> None:
        self.undo()

    def undo(self) -> None:
        """Bring back what was there before."""
        self._proxy.client.change(self._proxy.name, **self._before)


class MixChange(Change[P]):
    """A mix that was asked for. Where a block ends without an exception, and a behavior that every request was to get was never
    applied in it, that is an error.

    Args:
        proxy: The proxy that has been changed.
        before: The fields of its spec that it replaced.
        asked: What was asked for; None: it does not matter whether it is applied.
    """

    def __init__(self, proxy: P, before: Mapping[str, Any], asked: AskedMix | None) -> None:
        super().__init__(proxy, before)
        self._asked = asked

    def __exit__(self, *error: object) -> None:
        fine = error[:1] in ((), (None,))
        try:
            unused = self._proxy.settle(self._asked, fine)
        finally:
            self.undo()
        complain(unused)


class WireChange(Change[P]):
    """Toxics that have been put on. At the end of the block they are taken away, and those that they replaced come back.

    Args:
        proxy: The proxy that has been changed.
        names: What the toxics are called.
        replaced: What was there in their place.
    """

    def __init__(self, proxy: P, names: Collection[str], replaced: Collection[Mapping[str, Any]] = ()) -> None:
        super().__init__(proxy, {})
        self._names, self._replaced = names, replaced

    def undo(self) -> None:
        """Take them away, and leave alone what others have put on meanwhile."""
        client, name = self._proxy.client, self._proxy.name
        others = [toxic for toxic in client.toxics(name) if toxic['name'] not in self._names]
        client.change(name, toxics=[*self._replaced, *others])
