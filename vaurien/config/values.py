"""What a user gave, by the full names of the settings: completed, converted, and known by what gave it. Knows no section."""
from collections.abc import Mapping
from typing import Any, TypeVar

from ..address import speaks_tls
from ..errors import ConfigError
from ..options import Given, Option, convert
from ..plugins import WITH_FLAGS
from ..spec import ANY, FORWARD, ClusterSpec, ProcessSpec
from .arguments import Values
from .settings import AS_TOXIPROXY, CLUSTER, PROCESS, SHOWING, flag_of

T = TypeVar('T')
#: by their keys: what has an effect only beside another setting
NEEDS = {'http_times': 'http', 'otel_all': 'otel', 'otel_url': 'otel'}


def prefixed(prefix: str, items: Mapping[str, T]) -> dict[str, T]:
    """Give the keys of a section their full names."""
    return {f'{prefix}.{key}': item for key, item in items.items()}


def of_plugin(key: str) -> bool:
    """Return whether a key names a plugin's option: ``behavior.delay.sleep``, ``protocol.buffer``."""
    kind, dot, _ = key.partition('.')
    return bool(dot) and kind in WITH_FLAGS


def taken(options: Mapping[str, Option], values: Values) -> dict[str, Any]:
    """Convert the values given for settings, and complete them by the defaults.

    Raises:
        ConfigError: A value does not fit.
    """
    result = {}
    for key, option in options.items():
        given = values.get(key) or Given(option.default, flag_of(key))
        result[key] = convert(given.label, option, given.value)
    return result


def shown(values: Values) -> str:
    """Return what is written on standard output as it happens.

    Raises:
        ConfigError: Two things are said about it.
    """
    showing = taken(SHOWING, values)
    if not showing['quiet']:
        return str(showing['show'])
    if 'show' in values:
        raise ConfigError(label('quiet', values), True, f'no {label("show", values)} beside it')
    return 'none'


def label(key: str, values: Values) -> str:
    """Return how the user knows a setting: by what gave its value, or else by its flag."""
    return values[key].label if key in values else flag_of(key)


def check_needed(spec: ProcessSpec, values: Values) -> None:
    """Refuse what has no effect without another setting that is missing.

    Raises:
        ConfigError: There is such a thing.
    """
    for key, needed in NEEDS.items():
        if getattr(spec, key) and not getattr(spec, needed):
            raise ConfigError(label(key, values), getattr(spec, key), f'{flag_of(needed)} beside it')


def spelt_out(values: Values) -> Values:
    """Put in what ``toxiproxy`` is short for; what is given beside it wins."""
    short = values.get('toxiproxy')
    if short is None or not convert(short.label, PROCESS['toxiproxy'], short.value):
        return values
    return {**{key: Given(value, short.label) for key, value in AS_TOXIPROXY.items()}, **values}


def forward(values: Values) -> Values:
    """Return what is said of a proxy, completed where it is a forward proxy.

    Raises:
        ConfigError: It is said to be something else too.
    """
    given = values.get('intercept')
    if given is None or not given.value:
        given = values.get('backend')
        if given is None or given.value != ANY:
            return values
    for key, value in FORWARD.items():
        if key in values and values[key].value != value:
            raise ConfigError(values[key].label, values[key].value, f'{value}, which it is anyway beside {given.label}')
    if 'proxy' in values and speaks_tls(str(values['proxy'].value)):
        raise ConfigError(values['proxy'].label, values['proxy'].value, f'no tls:// before it beside {given.label}')
    return {**values, **{key: Given(value, given.label) for key, value in FORWARD.items()}}


def joined(values: Values, environ: Mapping[str, str]) -> ClusterSpec:
    """Return which cluster the process is to follow.

    Raises:
        ConfigError: A value does not fit.
    """
    own = taken(CLUSTER, values)
    if not own['join']:
        return ClusterSpec()
    from ..clusters.settings import read_cluster  # few join
    return read_cluster(own, lambda key: label(key, values), environ)
