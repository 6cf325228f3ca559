"""What a member's proxies become by the orders of a cluster: pure, from specs to specs. Knows no etcd and no fleet."""
from collections.abc import Iterable, Sequence
from operator import itemgetter

import msgspec

from ..errors import ConfigError, meant
from ..spec import BehaviorSpec, FaultSpec, ProxySpec, read_mix
from ..words.phases.conditions import in_phase
from ..words.phases.model import Phase
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


def ordered(specs: Iterable[ProxySpec], orders: Iterable[Order], up: bool = False) -> tuple[ProxySpec, ...]:
    """Return what proxies become by orders, one after the other.

    Args:
        specs: What they are without.
        orders: The orders.
        up: Whether no backend is down by them: their faults are suspended.

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
        [*named.get(spec.name, ()), *(place for place in others if fits(place[1].proxy, spec.name))], key=itemgetter(0))], up)
        for spec in specs)


def under(spec: ProxySpec, orders: Sequence[Order], up: bool) -> ProxySpec:
    """Return what one proxy becomes by orders that are about it."""
    if not orders:
        return spec
    found = spec
    for order in orders:
        if order.phase is not None:
            found = in_phase(found, order.phase, order.progress, called(order.phase))
            continue
        toxics = {toxic.named().name: toxic for toxic in (*found.toxics, *order.toxics)}
        mix = found.mix if order.mix is None else mix_of(order)
        found = msgspec.structs.replace(found, mix=mix, toxics=tuple(toxics.values()))
    return msgspec.structs.replace(found, enabled=spec.enabled) if up else found


def called(phase: Phase) -> str:
    """Return what messages call a phase; one without a name of its own is ``phase`` and its number, by who plays it."""
    name = str(phase.name or 'phase without a name')
    return name if name.startswith('phase ') else f'phase {name}'


def plan_of(order: Order) -> Sequence[str | FaultSpec]:
    """Return the entries of the plan that an order asks for."""
    return order.plan if order.phase is None else order.phase.plan


def missing(order: Order, specs: Iterable[ProxySpec]) -> tuple[str, ...]:
    """Return the names under ``on`` in the phases of an order that no proxy has."""
    named = {name for phase in (order.phase, *order.later) if phase is not None for name in phase.on}
    return tuple(sorted(named - {spec.name for spec in specs}))


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
