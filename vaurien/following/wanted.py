"""What a source says to those who follow it, and what they report: data that goes through JSON unchanged. Knows no fleet."""
from typing import NamedTuple

import msgspec

from ..spec import FaultSpec, ProxyDefaults, ProxySpec

#: an integer that only grows, or a text that the source tells its states apart by
Version = int | str


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a process should be at one moment.

    Args:
        version: The source's name for this state. Of two integers the greater is the later one; texts are only compared.
        specs: All proxies that the source speaks of, in order.
        plan: The entries of the plan; None: the source says nothing of it, and it stays as it is.
        defaults: What proxies are made with of which nothing else is said; None: those that the process has.
        halted: Whether all faults are suspended: bytes are relayed, and nothing is injected.
    """

    version: Version
    specs: tuple[ProxySpec, ...] = ()
    plan: tuple[FaultSpec, ...] | None = None
    defaults: ProxyDefaults | None = None
    halted: bool = False


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of a ``Wanted``.

    Args:
        version: Its version.
        applied: Whether it is in force; False: nothing of it is, and the process is what it was.
        error: Why it was refused, in one line; empty: it was not.
        overtaken: It was not looked at, as a later one had come.
        created, changed, removed: The names of the proxies that were.
    """

    version: Version
    applied: bool
    error: str = ''
    overtaken: bool = False
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Seen(NamedTuple):
    """What is remembered of the newest ``Wanted`` that was looked at.

    Args:
        wanted: What was wanted.
        report: What became of it.
    """

    wanted: Wanted
    report: Report


def is_older(version: Version, than: Version) -> bool:
    """Return whether a version is known to come before another one; texts are never known to."""
    return isinstance(version, int) and isinstance(than, int) and version < than
