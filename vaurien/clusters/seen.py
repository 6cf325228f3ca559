"""What the members of a cluster say of themselves, and what they make of a change. Changes nothing."""
import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any, NamedTuple

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
    """

    applied: dict[str, int]
    refused: dict[str, str]
    silent: list[str]


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


def wait_for(etcd: Etcd, keys: Keys, name: str, revision: int, members: Members, timeout: float) -> Outcome:
    """Wait until all members that are meant have said what became of a change.

    Args:
        etcd: Where to ask.
        keys: The names of the keys.
        name: The id of the order, or the name of the proxy.
        revision: From which on it is wanted.
        members: Which are meant.
        timeout: Seconds.
    """
    until, pause, never = monotonic() + timeout, POLL, threading.Event()
    while True:
        meant = [seen for seen in read_members(etcd, keys) if is_meant(members, seen)]
        said = {seen.name: seen.applied for seen in meant if seen.applied is not None and seen.applied.revision >= revision}
        if len(said) == len(meant) or monotonic() > until:
            return Outcome({who: found.orders.get(name, 0) for who, found in said.items() if name not in found.refused},
                           {who: found.refused[name] for who, found in said.items() if name in found.refused},
                           [seen.name for seen in meant if seen.name not in said])
        never.wait(pause)
        pause = min(pause * 2, MAX_POLL)


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
        return f'no word in time from {", ".join(found.silent[:SHOWN])}{" ..." if len(found.silent) > SHOWN else ""}'
    if not found.applied:
        return 'no member is meant'
    if 'proxy' in fields and not any(found.applied.values()):
        return f'no member has a proxy {fields["proxy"]}'
    return ''

