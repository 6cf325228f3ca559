"""What ``vaurienctl --cluster`` can do, as a table. Knows the one who asks, and no etcd."""
import argparse
import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from ...clusters import model
from ...clusters.asking import Asking
from ...clusters.compose import called
from ...clusters.seen import Seen, is_meant, trouble
from ...errors import VaurienError, meant
from ...spec import ProxySpec, ToxicSpec
from ..arguments import Command, read_attributes
from ..results import Result, Stream, done, rows, rows_that_come, said
from ..text import Column
from . import arguments as a
from .scenario import scenario

WATCH_INTERVAL = 0.5    #: [seconds] between two looks
MEMBERS = (Column('MEMBER', 'name'), Column('HOST', 'host'), Column('LABELS', 'labels'), Column('PROXIES', 'proxies'),
           Column('STATE', 'state'), Column('ORDERS', 'orders'), Column('SESSIONS', 'sessions'), Column('FAULTS', 'faults'))
ORDERS = (Column('ORDER', 'id'), Column('BY', 'by'), Column('ENDS', 'ends'), Column('MEMBERS', 'members'),
          Column('PROXY', 'proxy'), Column('WHAT', 'what'), Column('NOTE', 'note'))
CHANGES = (Column('MEMBER', 'name'), Column('WHAT', 'what'))


# -- asking for faults

def mix(asking: Asking, args: argparse.Namespace) -> Result:
    return ask(asking, args, proxy=args.proxy, mix=args.mix, settings=a.read_settings(args.options))


def toxic(asking: Asking, args: argparse.Namespace) -> Result:
    made = ToxicSpec(type=args.toxic, name=args.called or '', stream=args.stream or 'downstream',
                     toxicity=1.0 if args.toxicity is None else args.toxicity,
                     attributes=read_attributes(args))
    return ask(asking, args, proxy=args.proxy, toxics=(made,))


def plan(asking: Asking, args: argparse.Namespace) -> Result:
    return ask(asking, args, plan=tuple(args.entries))


def ask(asking: Asking, args: argparse.Namespace, **fields: Any) -> Result:
    """Ask for something, see what members say, and take it back where one refuses; stay where that is wanted."""
    members = a.read_members(args)
    asked = asking.ask(asking.order(members, note=args.note, **fields), args.replace)
    try:
        found = asking.outcome(asked.id, asked.revision, members, args.timeout)
        problem = trouble(found, fields)
    except BaseException:
        asking.take_back(asked)
        raise
    if problem and not (args.partly and found.applied):
        asking.take_back(asked)
        raise VaurienError(f'{problem}; nothing has changed')
    name = asked.id
    words = f'order {name} is in force on {len(found.applied)} members{f"; {problem}" if problem else ""}'
    if args.stay:
        args.say(f'{words}, until Ctrl-C')
        stay(asking)
        return done(f'order {name} has ended')
    return said({'order': name, 'revision': asked.revision, 'seconds': asking.ttl, **found._asdict()},
                f'{words}; it ends by itself in {asking.ttl} s, or by: end {name}')


def stay(asking: Asking) -> None:
    """Wait until it is interrupted, or the lease is lost."""
    never = threading.Event()
    with contextlib.suppress(KeyboardInterrupt):
        while not asking.lost:
            never.wait(0.2)
    if asking.lost:
        raise VaurienError(f'all that was asked for has ended: {asking.lost}')


def end(asking: Asking, args: argparse.Namespace) -> Result:
    there = [known.id for known in asking.state().orders]
    if args.orders == ['all']:
        ended = asking.end([*there, *asking.state().bad])
        return said({'ended': ended}, f'orders that were ended: {len(ended)}')
    unknown = [name for name in args.orders if name not in there and name not in asking.state().bad]
    if unknown:
        raise VaurienError(f'there is no order {unknown[0]}{meant(unknown[0], there)}; nothing has changed')
    return said({'ended': asking.end(args.orders)}, f'ended: {", ".join(args.orders)}')


# -- all of it

def halt(asking: Asking, args: argparse.Namespace) -> Result:
    revision = asking.halt(args.reason, time.time())
    return everywhere(asking, args, revision, 'all faults are suspended', 'nothing is injected before resume')


def resume(asking: Asking, args: argparse.Namespace) -> Result:
    return everywhere(asking, args, asking.resume(), 'faults are in force again', 'what was asked for goes on')


def everywhere(asking: Asking, args: argparse.Namespace, revision: int, what: str, then: str) -> Result:
    """Say on how many members a change has arrived, and who has not said anything."""
    found = asking.outcome('', revision, model.Members(), args.timeout)
    problem = f'; {trouble(found, {})}' if found.silent or found.refused else ''
    return said({'revision': revision, **found._asdict()}, f'{what} on {len(found.applied)} members, {then}{problem}')


def create(asking: Asking, args: argparse.Namespace) -> Result:
    members = a.read_members(args)
    spec = ProxySpec(name=args.proxy, proxy=args.listen, backend=args.backend, protocol=args.protocol)
    revision = asking.create(model.Standing(by=asking.by, spec=spec, members=members))
    found = asking.outcome(args.proxy, revision, members, args.timeout)
    problem = trouble(found, {})
    if found.refused:
        asking.remove(args.proxy)
        raise VaurienError(f'{problem}; nothing has changed')
    return said({'revision': revision, **found._asdict()},
                f'proxy {args.proxy} is on {len(found.applied)} members{f"; {problem}" if problem else ""}')


def remove(asking: Asking, args: argparse.Namespace) -> Result:
    asking.remove(args.proxy)
    return done(f'proxy {args.proxy} removed')


# -- looking

def members(asking: Asking, args: argparse.Namespace) -> Result:
    meant_ones = a.read_members(args)
    return rows('members', MEMBERS, [shown(seen) for seen in asking.members()
                                     if is_meant(meant_ones, seen)])


def shown(seen: Seen) -> dict[str, Any]:
    """Return a member as a row."""
    applied, counts = seen.applied, seen.counts or model.Counts()
    refused = dict(applied.refused) if applied else {}
    state = 'says nothing' if applied is None else 'halted' if applied.halted else \
        f'refuses {sorted(refused)[0]}: {refused[sorted(refused)[0]]}' if refused else 'follows'
    return {'name': seen.name, 'host': seen.member.host,
            'labels': ','.join(f'{key}={value}' for key, value in sorted(seen.member.labels.items())),
            'proxies': seen.member.proxies, 'state': state, 'orders': ','.join(applied.orders) if applied else '',
            'sessions': counts.sessions, 'faults': counts.faults, 'refused': refused,
            'revision': applied.revision if applied else 0, 'healed': applied.healed if applied else ''}


def orders(asking: Asking, args: argparse.Namespace) -> Result:
    state = asking.state()
    found = [{'id': known.id, 'by': known.order.by, 'ends': f'{"owner + " if known.order.kept else "within "}{known.order.ttl} s',
              'members': choice_in_words(known.order.members), 'proxy': known.order.proxy, 'what': what(known.order),
              'note': known.order.note} for known in state.orders]
    bad = [{**dict.fromkeys(('by', 'ends', 'members', 'proxy', 'note'), ''), 'id': name, 'what': why}
           for name, why in state.bad.items()]
    return rows('orders', ORDERS, [*found, *bad])


def choice_in_words(members: model.Members) -> str:
    """Say which members are meant."""
    return ' '.join([*members.names, *members.hosts, *(f'{key}={value}' for key, value in members.labels.items())]) or 'all'


def what(order: model.Order) -> str:
    """Say what is asked for."""
    if order.phase is not None:
        return f'{called(order.phase)} of a scenario'
    told = [] if order.mix is None else [f'mix {order.mix or "none"}']
    return ', '.join([*told, *(f'toxic {toxic.named().name}' for toxic in order.toxics), *order.plan])


def watch(asking: Asking, args: argparse.Namespace) -> Stream:
    return rows_that_come(CHANGES, changes(asking))


def changes(asking: Asking) -> Iterator[dict[str, Any] | None]:
    """Give the headings, then what each member is, and what it becomes."""
    yield None
    before: dict[str, str] = {}
    never = threading.Event()
    while True:
        now = {row['name']: words_of(row) for row in map(shown, asking.members())}
        for name in sorted(now.keys() | before.keys()):
            if now.get(name) != before.get(name):
                yield {'name': name, 'what': now.get(name, 'has left')}
        before = now
        never.wait(WATCH_INTERVAL)


def words_of(row: dict[str, Any]) -> str:
    """Say in a line what a member is doing."""
    doing = f'{row["state"]}, orders: {row["orders"] or "none"}'
    return f'{doing}; {row["healed"]}' if row['healed'] else doing


COMMANDS: dict[str, Command] = {
    'members': Command('list the members', members, a.CHOICE),
    'orders': Command('list what is asked for, and by whom', orders),
    'mix': Command('let something go wrong in proxies', mix, (a.PROXY, a.MIX, *a.ASKING), options=True),
    'toxic': Command('put a toxic on proxies', toxic, (*a.TOXIC, *a.ASKING), options=True),
    'plan': Command('let certain requests fail', plan, (a.ENTRIES, *a.ASKING)),
    'scenario': Command('play the phases of a scenario, until its end, Ctrl-C or a halt', scenario,
                        (a.FILE, *a.CHOICE, a.SCALE, a.REPLACE, a.PARTLY, a.NOTE), stays=True),
    'end': Command('end what was asked for, by whomever', end, (a.ORDERS,)),
    'halt': Command('suspend all faults on all members, until resume', halt, (a.WHY,)),
    'resume': Command('let faults be in force again', resume),
    'create': Command('let members have one more proxy, which stays', create,
                      (a.NAME, a.LISTEN, a.BACKEND, a.PROTOCOL, *a.CHOICE)),
    'remove': Command('end such a proxy and its sessions', remove, (a.NAME,)),
    'watch': Command('show what members do as it changes, until interrupted', watch),
}
