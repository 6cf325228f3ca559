"""What the members of a cluster say of themselves, and what they make of a change. Changes nothing."""
import threading
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

from ..errors import VaurienError
from . import model
from .choice import Self, chosen
from .etcd.client import Etcd
from .keys import Keys
from .model import Applied, Members

POLL, MAX_POLL = 0.05, 0.5     #: [seconds] between two looks at what members say, at first and later on
SHOWN = 10      #: names of members in a message


class Seen(NamedTuple):
    """A member, as it shows itself.

    Args:
        name: Its name.
        member: What it is.
        applied: What it has made of what is wanted; None: it has not said.
        counts: What it has counted; None: nothing so far.
    """

    name: str
    member: model.Member
    applied: Applied | None
    counts: model.Counts | None


class Outcome(NamedTuple):
    """What members have made of a change.

    Args:
        applied: How many proxies of each member it is about, by the members that have applied it.
        refused: Why others have not.
        silent: Those that have not said anything in time.
        missing: Proxies that phases name, and that none of those that have applied it has.
    """

    applied: dict[str, int]
    refused: dict[str, str]
    silent: list[str]
    missing: tuple[str, ...] = ()


class RefusedError(VaurienError):
    """A member cannot apply what was asked for, or has not said anything; nothing has changed.

    Args:
        message: What is wrong, in one line.
        outcome: What each member has made of it.
    """

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message, outcome)
        self.message, self.outcome = message, outcome

    def __str__(self) -> str:
        return f'{self.message}; nothing has changed'


def read_members(etcd: Etcd, keys: Keys) -> list[Seen]:
    """Return the members that there are, by name."""
    found = {prefix: etcd.range(prefix).keys for prefix in (keys.members, keys.applied, keys.counts)}
    seen = []
    for key, kept in sorted(found[keys.members].items()):
        name = key.removeprefix(keys.members)
        applied, counts = found[keys.applied].get(keys.applied + name), found[keys.counts].get(keys.counts + name)
        seen.append(Seen(name, model.read(model.Member, kept.value, f'member {name}'),
                         applied and model.read(Applied, applied.value, f'member {name}'),
                         counts and model.read(model.Counts, counts.value, f'member {name}')))
    return seen


def wait_for(etcd: Etcd, keys: Keys, name: str, revision: int, members: Members, timeout: float,
             stop: threading.Event | None = None) -> Outcome:
    """Wait until all members that are meant have said what became of a change.

    Args:
        etcd: Where to ask.
        keys: The names of the keys.
        name: The id of the order, or the name of the proxy.
        revision: From which on it is wanted.
        members: Which are meant.
        timeout: Seconds.
        stop: Set to wait no more; None: nothing does.
    """
    until, pause, stop = monotonic() + timeout, POLL, stop or threading.Event()
    while True:
        meant = [seen for seen in read_members(etcd, keys) if is_meant(members, seen)]
        said = {seen.name: seen.applied for seen in meant if seen.applied is not None and seen.applied.revision >= revision}
        if len(said) == len(meant) or monotonic() > until or stop.is_set():
            return made_of(name, said, [seen.name for seen in meant if seen.name not in said])
        stop.wait(pause)
        pause = min(pause * 2, MAX_POLL)


def made_of(name: str, said: Mapping[str, Applied], silent: list[str] | None = None) -> Outcome:
    """Return what members have made of a change.

    Args:
        name: The id of the order, or the name of the proxy.
        said: What they have said, by their names.
        silent: Those that have not said anything.
    """
    applied = {who: found.orders.get(name, 0) for who, found in said.items() if name not in found.refused}
    lacked = [set(said[who].missing.get(name, ())) for who in applied]
    return Outcome(applied, {who: found.refused[name] for who, found in said.items() if name in found.refused}, silent or [],
                   tuple(sorted(set.intersection(*lacked))) if lacked else ())


def is_meant(members: Members, seen: Seen) -> bool:
    """Return whether a member is meant."""
    return chosen(members, Self(seen.name, seen.member.host, seen.member.labels))


def trouble(found: Outcome, fields: Mapping[str, Any]) -> str:
    """Say in one line why a change is not in force everywhere; empty: it is."""
    if found.refused:
        name, why = sorted(found.refused.items())[0]
        more = f' (and {len(found.refused) - 1} more members)' if len(found.refused) > 1 else ''
        return f'{name} refuses: {why}{more}'
    if found.silent:
        return f'no word in time from {in_short(found.silent)}'
    if not found.applied:
        return 'no member is meant'
    if found.missing:
        return f'no member has a proxy {found.missing[0]}'
    if 'proxy' in fields and not any(found.applied.values()):
        return f'no member has a proxy {fields["proxy"]}'
    return ''


def in_short(names: Sequence[str]) -> str:
    """Write the first ``SHOWN`` names, and whether there are more."""
    return f'{", ".join(names[:SHOWN])}{f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""}'
