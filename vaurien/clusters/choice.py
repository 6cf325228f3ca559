"""Which members and proxies an order is about, and whether two orders are about the same. Knows no etcd and no fleet."""
from fnmatch import fnmatchcase
from typing import NamedTuple

from .model import Members, Order

ANY = '*'


class Self(NamedTuple):
    """A member, as orders choose it.

    Args:
        name, host: Its name, and that of its machine.
        labels: Its labels.
    """

    name: str
    host: str
    labels: dict[str, str]


def fits(pattern: str, text: str) -> bool:
    """Return whether a text is meant; ``*`` stands for any characters, and no other character for another."""
    return fnmatchcase(text, pattern.replace('[', '[[]').replace('?', '[?]'))


def chosen(members: Members, own: Self) -> bool:
    """Return whether a member is meant."""
    return ((not members.names or any(fits(name, own.name) for name in members.names))
            and (not members.hosts or any(fits(host, own.host) for host in members.hosts))
            and all(key in own.labels and fits(value, own.labels[key]) for key, value in members.labels.items()))


def apart(first: str, second: str) -> bool:
    """Return whether nothing is meant by both of two patterns, as far as is plain to see."""
    if ANY in first and ANY in second:
        return False
    return not (fits(first, second) or fits(second, first))


def clash(order: Order, other: Order) -> str:
    """Return what two orders both want to have a say in; empty: nothing. Where it is not plain to see they clash."""
    if apart(order.proxy, other.proxy) or members_apart(order.members, other.members):
        return ''
    if order.phase is not None or other.phase is not None:  # a later phase may be about what this one is not
        return about_wires(other)
    if order.mix is not None and other.mix is not None:
        return 'the mix'
    both = {toxic.named().name for toxic in order.toxics} & {toxic.named().name for toxic in other.toxics}
    return f'the toxic {sorted(both)[0]}' if both else ''


def about_wires(order: Order) -> str:
    """Return the first thing that an order has a say in, beside what it plans for single requests; empty: nothing."""
    if order.phase is not None:
        return 'a scenario'
    return 'the mix' if order.mix is not None else f'the toxic {order.toxics[0].named().name}' if order.toxics else ''


def members_apart(first: Members, second: Members) -> bool:
    """Return whether no member is meant by both."""
    for ours, theirs in ((first.names, second.names), (first.hosts, second.hosts)):
        if ours and theirs and all(apart(one, two) for one in ours for two in theirs):
            return True
    return any(apart(value, second.labels[key]) for key, value in first.labels.items() if key in second.labels)
