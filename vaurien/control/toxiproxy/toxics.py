"""Toxics as Toxiproxy's API takes and shows them. Knows the classes of toxics, and neither proxies nor requests."""
from typing import Any

from ...options import Bounded, Option
from ...toxics import TOXICS, Toxic
from ...wire.toxics import AttachedToxic
from .gojson import Struct
from .gowriting import Float32

#: what Go calls a toxic's attributes, and those that Toxiproxy has too; others are shown where they are not at their defaults
STRUCTS = {
    'latency': ('LatencyToxic', ('latency', 'jitter')),
    'bandwidth': ('BandwidthToxic', ('rate',)),
    'slow_close': ('SlowCloseToxic', ('delay',)),
    'timeout': ('TimeoutToxic', ('timeout',)),
    'reset_peer': ('ResetToxic', ('timeout',)),
    'slicer': ('SlicerToxic', ('average_size', 'size_variation', 'delay')),
    'limit_data': ('LimitDataToxic', ('bytes',)),
    'noop': ('NoopToxic', ()),
    'packet_loss': ('PacketLossToxic', ('loss_rate', 'correlation')),
}


def attributes_struct(cls: type[Toxic]) -> Struct:
    """Return what Go would read a toxic's attributes into."""
    fields = {name: go_type(cls.name, option) for name, option in TOXICS.options(cls).items()}
    return Struct(STRUCTS[cls.name][0] if cls.name in STRUCTS else f'{cls.__name__}Toxic', fields, path='attributes')


def go_type(kind: str, option: Option) -> str:
    """Return what Go would hold an option in."""
    base: Any = option.type.base if isinstance(option.type, Bounded) else option.type
    if base is int:
        return 'int' if kind == 'slicer' else 'int64'
    return {bool: 'bool', float: 'float64'}.get(base, 'string')


def toxic_view(attached: AttachedToxic) -> dict[str, Any]:
    """Show a toxic."""
    spec, options = attached.spec, attached.cls.options
    known = STRUCTS[spec.type][1] if spec.type in STRUCTS else tuple(options)
    changed = (name for name in options if name not in known and attached.settings[name] != Option(*options[name]).default)
    shown = [*known, *changed]
    return {'attributes': {name: attached.settings[name] for name in shown}, 'name': spec.name, 'type': spec.type,
            'stream': spec.stream, 'toxicity': Float32(spec.toxicity)}
