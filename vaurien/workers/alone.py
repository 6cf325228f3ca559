"""What is refused with several workers, since each would have one of its own of what is meant to be one. Knows specs only."""
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..options import TRUE
from ..spec import ProcessSpec, ProxySpec

REASON = 'one process: --workers 1'
#: what counts the requests of all sessions of a proxy, by behavior; options that are set to more than nothing
COUNTING: Mapping[str, tuple[str, ...]] = {'error': ('warmup', 'first', 'quota')}
ALWAYS = ('transient',)     #: which count whatever they are told
SHARED = 'bandwidth', 'shared'


def refuse(option: str, value: object) -> ConfigError:
    """Return the refusal of what takes one process."""
    return ConfigError(option, value, REASON)


def check_process(spec: ProcessSpec) -> None:
    """Refuse what a process with several workers cannot be.

    Raises:
        ConfigError: It is to be that.
    """
    for option, value in (('--fault or --plan', spec.plan[0].name if spec.plan else ''), ('--replay', spec.replay),
                          ('--otel', spec.otel), ('--busy', spec.busy or spec.busy_report),
                          ('--show', spec.show if spec.show == 'requests' else '')):
        if value:
            raise refuse(option, value)


def check_proxy(spec: ProxySpec) -> None:
    """Refuse what a proxy with several workers cannot be.

    Raises:
        ConfigError: It is to be that.
    """
    if spec.max_connections:
        raise refuse('max_connections', spec.max_connections)
    for entry in spec.mix:
        settings: dict[str, Any] = {**spec.settings.get(entry.name, {}), **entry.settings}
        if entry.name in ALWAYS:
            raise refuse('behavior', entry.name)
        for option in COUNTING.get(entry.name, ()):
            if settings.get(option):
                raise refuse(f'{entry.name} {option}', settings[option])
    for toxic in spec.toxics:
        if toxic.type == SHARED[0] and toxic.attributes.get(SHARED[1]) in (True, *TRUE):
            raise refuse(f'{toxic.type} {SHARED[1]}', toxic.attributes[SHARED[1]])
