"""What the name in an entry of a plan means for a protocol: a kind of its errors, a behavior, or a toxic. Knows no session."""
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ..behaviors import Behavior
from ..behaviors.dummy import Dummy
from ..errors import ConfigError
from ..links import STREAMS
from ..options import MAX_LISTED, Bounded, Option, convert
from ..options import known as nearest
from ..plugins import make_behavior
from ..protocols import Protocol
from ..protocols.base import OPENING, BaseProtocol
from ..protocols.tls_kinds import TLS_KINDS, place_for
from ..spec import MAX_COUNT, BehaviorSpec, FaultSpec
from ..toxics import TOXICS
from .globs import Glob
from .grammar import WHERE

#: how a name is written where it could mean another thing too; without it, the first of them that has the name
KIND, BEHAVIOR, TOXIC = PREFIXES = ('kind', 'behavior', 'toxic')
#: the behavior that a kind is an option of
ERROR = 'error'
#: what a toxic in a plan can be told beside its own options
OF_TOXICS: dict[str, Option] = {
    'stream': Option("downstream: from the backend to the client; upstream: the other way", str, STREAMS[0], STREAMS),
    'requests': Option("How many requests the toxic stays for; 0: until the session ends", Bounded(int, 0, MAX_COUNT), 0),
}


#: the protocol of a proxy, and what ``spec.tls_sides`` says of it
Side = tuple[type[BaseProtocol], bool, bool, bool]


class Meaning(NamedTuple):
    """What an entry applies.

    Args:
        what: One of ``PREFIXES``.
        names: The kinds that a code stands for; else the one name.
        settings: Option values of the behavior or the toxic.
        stream: The direction of a toxic.
        requests: How many requests a toxic stays for; 0: until the session ends.
    """

    what: str
    names: tuple[str, ...]
    settings: Mapping[str, Any]
    stream: str = STREAMS[0]
    requests: int = 0


def meaning_of(spec: FaultSpec, protocol: type[BaseProtocol], label: str) -> Meaning:
    """Return what an entry applies to requests of a protocol.

    Args:
        spec: The entry.
        protocol: The protocol's class.
        label: How the user knows the entry; it goes into the message.

    Raises:
        ConfigError: The protocol has nothing of this name, or a value does not fit.
    """
    prefix, colon, name = spec.name.partition(':')
    if not colon:
        prefix, name = '', spec.name
    elif prefix not in PREFIXES:
        raise ConfigError(f'{label} name', spec.name, f'one of {", ".join(PREFIXES)} before the colon')
    kinds = protocol.kinds_named(name) if prefix in ('', KIND) else ()
    if kinds:
        meaning = Meaning(KIND, kinds, spec.settings)
        check_options(meaning, Behavior.options(Behavior.get(ERROR)).keys() - {'kind', 'match'}, label)
        return meaning
    if prefix in ('', BEHAVIOR) and name in Behavior.names():
        meaning = Meaning(BEHAVIOR, (name,), spec.settings)
        check_options(meaning, Behavior.options(Behavior.get(name)).keys() - {'match'}, label)
        return meaning
    if prefix in ('', TOXIC) and name in TOXICS.names():
        return toxic_meaning(name, spec, label)
    raise ConfigError(f'{label} name', spec.name, meant_of(name, known_names(protocol, prefix), [protocol.name]))


def meant_of(name: str, there: Collection[str], protocols: Iterable[str]) -> str:
    """Return in words what was meant by a name, and where all names are listed if they are too many for a line."""
    pages = ' and '.join(f'vaurien help {each}' for each in dict.fromkeys(protocols))
    return nearest(name, there, f'one of {len(there)} names, see {pages}' if len(there) > MAX_LISTED else '')


def known_names(protocol: type[BaseProtocol], prefix: str = '') -> list[str]:
    """Return what there is to apply to requests of a protocol; with a prefix, of that alone."""
    there = {KIND: [*protocol.errors, *TLS_KINDS, *protocol.tables], BEHAVIOR: Behavior.names(), TOXIC: TOXICS.names()}
    return [name for what, names in there.items() if prefix in ('', what) for name in names]


def toxic_meaning(name: str, spec: FaultSpec, label: str) -> Meaning:
    """Return what an entry with a toxic applies."""
    cls = TOXICS.get(name)
    if cls.opens:
        raise ConfigError(f'{label} name', spec.name, f'a toxic that acts on bytes; to let the opening wait, {OPENING} = delay')
    own = {key: value for key, value in spec.settings.items() if key not in OF_TOXICS}
    more = {key: convert(f'{label} {key}', option, spec.settings.get(key, option.default)) for key, option in OF_TOXICS.items()}
    check_options(Meaning(TOXIC, (name,), own), TOXICS.options(cls), label, OF_TOXICS)
    return Meaning(TOXIC, (name,), TOXICS.settle(cls, own, lambda option: f'{label} {option}'), **more)


def check_options(meaning: Meaning, options: Iterable[str], label: str, more: Iterable[str] = ()) -> None:
    """Refuse values of options that are not there, and tell the nearest one."""
    names = {*options, *more, *WHERE}
    for key in meaning.settings:
        if key not in names:
            raise ConfigError(f'{label} option', key, nearest(key, names))


def behaviors_of(meaning: Meaning, protocol: type[BaseProtocol], label: str) -> dict[str, Dummy]:
    """Make the behaviors that an entry applies: for each kind that it may be, by name; else the one.

    What the entry does not say has the behavior's own default, and not what is configured for the mixes: the text of an entry
    means the same everywhere.

    Raises:
        ConfigError: A value does not fit.
    """
    made = {}
    for name in meaning.names:
        entry = BehaviorSpec(name=ERROR, settings={**meaning.settings, 'kind': name}) if meaning.what == KIND \
            else BehaviorSpec(name=name, settings=dict(meaning.settings))
        try:
            made[name] = make_behavior(entry, {}, protocol)
        except ConfigError as error:
            option = str(error.option).removeprefix(f'--behavior-{entry.name}-')
            raise ConfigError(f'{label} {option}', error.value, error.reason) from None
    return made


def check_name(spec: FaultSpec, proxies: Iterable[tuple[str, Side]], label: str) -> None:
    """Refuse an entry that no proxy can apply: of those that it is about, or where there is none yet, of any protocol.

    Args:
        spec: The entry.
        proxies: The proxies that there are.
        label: How the user knows the entry.

    Raises:
        ConfigError: Why it cannot; where nothing has the name, the nearest of all that they know.
    """
    glob = Glob(spec.proxy)
    sides = list(dict.fromkeys(side for name, side in proxies if glob.matches(name)))
    sides = sides or [(Protocol.get(name), True, True, False) for name in Protocol.names()]
    errors = []
    for protocol, *tls in sides:
        try:
            meaning = meaning_of(spec, protocol, label)
            if meaning.what != TOXIC:
                behaviors_of(meaning, protocol, label)
            check_place(meaning, label, *tls)
        except ConfigError as error:
            errors.append(error)
        else:
            return
    for found in errors:
        if found.option != f'{label} name':     # it is known here, and something else does not fit
            raise found
    there = {name for each, *_ in sides for name in known_names(each)}
    raise ConfigError(f'{label} name', spec.name, meant_of(spec.name, there, [each.name for each, *_ in sides]))


def check_place(meaning: Meaning, label: str, *tls: bool) -> None:
    """Refuse a kind of TLS that a proxy cannot have, of which ``spec.tls_sides`` says this."""
    kind = meaning.names[0] if meaning.what == KIND else str(meaning.settings.get('kind', ''))
    if place := place_for(kind, *tls):
        raise ConfigError(f'{label} kind', kind, place)
