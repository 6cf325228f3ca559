"""What a member's proxies become by the orders of a cluster: pure, from specs to specs. Knows no etcd and no fleet."""
from collections.abc import Iterable, Sequence
from operator import itemgetter

import msgspec

from ..errors import ConfigError, meant
from ..spec import BehaviorSpec, ProxySpec, read_mix
from .choice import ANY, Self, chosen, fits
from .model import Order, Standing


def with_standing(own: Sequence[ProxySpec], standing: Iterable[Standing],
                  me: Self) -> tuple[tuple[ProxySpec, ...], dict[str, str]]:
    """Return the proxies of a member with those that the cluster wants beside them, and of those that cannot be: why."""
    names, added, refused = {spec.name for spec in own}, [], {}
    for found in standing:
        if not chosen(found.members, me):
            continue
        if found.spec.name in names:
            refused[found.spec.name] = f'proxy {found.spec.name} is one that this member has of its own'
        else:
            added.append(found.spec)
    return (*own, *added), refused


def ordered(specs: Iterable[ProxySpec], orders: Iterable[Order]) -> tuple[ProxySpec, ...]:
    """Return what proxies become by orders, one after the other.

    Raises:
        ConfigError: A mix cannot be read.
    """
    named: dict[str, list[tuple[int, Order]]] = {}  # a thousand orders for a thousand proxies need not all be held against all
    others: list[tuple[int, Order]] = []
    for place in enumerate(orders):
        if ANY in place[1].proxy:
            others.append(place)
        else:
            named.setdefault(place[1].proxy, []).append(place)
    return tuple(under(spec, [order for _, order in sorted(
        [*named.get(spec.name, ()), *(place for place in others if fits(place[1].proxy, spec.name))], key=itemgetter(0))])
        for spec in specs)


def under(spec: ProxySpec, orders: Sequence[Order]) -> ProxySpec:
    """Return what one proxy becomes by orders that are about it."""
    if not orders:
        return spec
    mix, toxics = spec.mix, {toxic.named().name: toxic for toxic in spec.toxics}
    for order in orders:
        if order.mix is not None:
            mix = mix_of(order)
        toxics.update({toxic.named().name: toxic for toxic in order.toxics})
    return msgspec.structs.replace(spec, mix=mix, toxics=tuple(toxics.values()))


def mix_of(order: Order) -> tuple[BehaviorSpec, ...]:
    """Return the mix that an order asks for.

    Raises:
        ConfigError: It cannot be read, or there are settings of a behavior that it does not have.
    """
    entries = read_mix(order.mix) if order.mix else ()
    names = [entry.name for entry in entries]
    for name in order.settings:
        if name not in names:
            raise ConfigError('settings', name, f'a behavior of the mix {order.mix}{meant(name, names)}')
    return tuple(msgspec.structs.replace(entry, settings=order.settings.get(entry.name, {})) for entry in entries)


def about(order: Order, specs: Iterable[ProxySpec]) -> int:
    """Return how many proxies an order is about."""
    return sum(fits(order.proxy, spec.name) for spec in specs)
