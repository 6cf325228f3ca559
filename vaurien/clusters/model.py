"""The values under a cluster's keys, as data; ``docs/reference/cluster.schema.json`` is made of them. Knows no etcd.

Every value is one JSON object. What a reader does not know is an error in what people ask for, and is passed over in what members
say.
"""
from typing import Annotated, Any, TypeVar

import msgspec

from ..errors import ConfigError
from ..options import check_count
from ..spec import MAX_TOXICS, ProxySpec, ToxicSpec
from ..words.phases.model import MAX_PHASES, Phase
from .where import NAME, NAMES

MAX_VALUE_BYTES = 1 << 20       #: [bytes] of a value; etcd takes 1.5 MB in one request by default
MAX_ORDERS = 1000       #: in a cluster at the same time; a member goes through all of them for each change
MAX_ENTRIES = 1000      #: of the plan of one order
MAX_TEXT = 1000         #: [characters] of each text in an order
MAX_TTL = 86_400        #: [seconds] of a lease
T = TypeVar('T', bound=msgspec.Struct)


class Members(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Which members are meant: those that all of it fits; empty: every member.

    Args:
        names: Their names, one of which has to fit; ``*`` stands for any characters.
        hosts: Their hosts, likewise.
        labels: What their labels have to be; a value may have ``*``.
    """

    names: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    labels: dict[str, str] = {}


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What one person asks of the members, for as long as the lease of its key lives.

    Args:
        by: Who asks, for those who look.
        ttl: Seconds of its lease.
        kept: Whether its owner stays, and keeps the lease alive; else members end it after ``ttl`` seconds by themselves too.
        members: Of which members.
        proxy: Of which of their proxies, by name; ``*`` stands for any characters.
        mix: What goes wrong, such as ``20:delay,10:error``; None: what there is stays.
        settings: Values of options of the mix's behaviors, by behavior and option.
        toxics: Conditions of the wire, beside those that there are; one of the same name takes the place of that.
        plan: Entries of the plan, such as ``cache: SET session:* #2 = readonly``.
        phase: In place of mix, toxics and plan: the phase of a scenario that is played, as its file has it; None: none is.
        progress: How far its ramps are, 0 to 1.
        later: The phases that are to come: where one of them cannot be applied, the order is refused before the first one is.
        note: What those who look are told.
    """

    by: str
    ttl: Annotated[int, msgspec.Meta(ge=1, le=MAX_TTL)]
    kept: bool = False
    members: Members = Members()
    proxy: str = '*'
    mix: str | None = None
    settings: dict[str, dict[str, Any]] = {}
    toxics: tuple[ToxicSpec, ...] = ()
    plan: tuple[str, ...] = ()
    phase: Phase | None = None
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    later: tuple[Phase, ...] = ()
    note: str = ''


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A proxy that members are to have beside their own; it stays until it is removed, and has no faults of its own.

    Args:
        by: Who has made it.
        spec: The proxy.
        members: Which members are to have it.
    """

    by: str
    spec: ProxySpec
    members: Members = Members()


class Halted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """All faults of all members are suspended, and none may be asked for, while this is there.

    Args:
        by: Who has halted.
        at: When, in seconds since 1970.
        reason: Why.
    """

    by: str
    at: float = 0.0
    reason: str = ''


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process that follows the cluster.

    Args:
        id: Tells it from another process of the same name.
        host: The name of its machine.
        labels: What it was started with as ``--label``.
        pid: The number of its process.
        version: Its vaurien.
        ttl: Seconds without etcd after which it heals itself.
        proxies: How many proxies it has of its own.
    """

    id: str
    host: str
    labels: dict[str, str] = {}
    pid: int = 0
    version: str = ''
    ttl: int = 10
    proxies: int = 0


class Applied(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a member has made of what is wanted.

    Args:
        revision: The revision of etcd up to which it has seen what is wanted.
        orders: Of those that it applies, by id: how many of its proxies they are about.
        refused: Of those that it does not apply, by id: why, in one line.
        missing: Of those that it applies, by id: the proxies that phases name under ``on``, and that it does not have.
        halted: Whether it is halted.
        healed: When it healed itself last, and why; empty: it never had to.
    """

    revision: int
    orders: dict[str, int] = {}
    refused: dict[str, str] = {}
    missing: dict[str, tuple[str, ...]] = {}
    halted: bool = False
    healed: str = ''


class Counts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a member has counted since its start, written every ten seconds where it has changed.

    Args:
        sessions: That are open.
        accepted: Connections that were taken.
        exchanges: Requests, or turns where there are none.
        faults: That were injected.
    """

    sessions: int = 0
    accepted: int = 0
    exchanges: int = 0
    faults: int = 0


#: what stands under which keys below ``/vaurien/CLUSTER/``
VALUES: dict[str, type[msgspec.Struct]] = {
    'wanted/halt': Halted, 'wanted/orders/ID': Order, 'wanted/proxies/NAME': Standing,
    'members/MEMBER': Member, 'applied/MEMBER': Applied, 'counts/MEMBER': Counts,
}


def write(value: msgspec.Struct) -> bytes:
    """Write a value.

    Raises:
        ConfigError: It is too long.
    """
    data = msgspec.json.encode(value)
    check_count(type(value).__name__.lower(), len(data), MAX_VALUE_BYTES, 'bytes')
    return data


def read(kind: type[T], data: bytes, label: str) -> T:
    """Read a value.

    Args:
        kind: What it is.
        data: Its bytes.
        label: How the user knows it.

    Raises:
        ConfigError: It is not of this form.
    """
    if len(data) > MAX_VALUE_BYTES:
        raise ConfigError(label, f'{len(data)} bytes', f'at most {MAX_VALUE_BYTES}')
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(label, data[:100].decode(errors='replace'), f'what the schema says; {error}') from None


def check_order(order: Order) -> Order:
    """Refuse an order that is too large, or asks for nothing.

    Raises:
        ConfigError: It does.
    """
    check_count('toxics', len(order.toxics), MAX_TOXICS, 'toxics')
    for phase in (order.phase, *order.later):
        check_count('plan', len(order.plan if phase is None else phase.plan), MAX_ENTRIES, 'entries')
    check_count('later', len(order.later), MAX_PHASES, 'phases')
    for name, text in (('by', order.by), ('proxy', order.proxy), ('mix', order.mix or ''), ('note', order.note),
                       *(('plan', entry) for entry in order.plan)):
        check_count(name, len(text), MAX_TEXT, 'characters')
    asked = order.mix is not None or bool(order.toxics) or bool(order.plan)
    if asked == (order.phase is not None):
        raise ConfigError('order', '', 'a mix, a toxic or an entry of a plan in it, or a phase and none of them')
    return order


def check_name(name: str, option: str) -> str:
    """Return a name that may be a part of a key.

    Raises:
        ConfigError: It may not.
    """
    if not NAME.match(name):
        raise ConfigError(option, name, NAMES)
    return name


def read_label(text: str, option: str = 'label') -> tuple[str, str]:
    """Read ``KEY=VALUE``.

    Raises:
        ConfigError: It is not of this form.
    """
    key, equals, value = text.partition('=')
    if not equals or not NAME.match(key) or len(value) > MAX_TEXT or not value.isprintable():
        raise ConfigError(option, text, 'KEY=VALUE, such as zone=a')
    return key, value
