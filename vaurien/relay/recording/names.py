"""What requests are called in records: their names with their shapes, which are remembered. Knows a protocol by its shapes."""
from collections.abc import Callable
from typing import Any

from ...plans.past import MAX_NAME

MAX_NAMES = 2048    #: names that are remembered, and shapes, of each protocol; then these are forgotten, and others remembered
#: what makes names alike that differ in their digits alone
ALIKE = bytes.maketrans(b'123456789', b'0' * 9)


class Names(dict[bytes, tuple[str, str]]):
    """By the bytes of a name the name and its shape, both cut to ``MAX_NAME``; what is not there yet is made.

    Args:
        protocol: Makes shapes.
    """

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self._shape: Callable[[str], str] = protocol.shape
        self._table = ALIKE if protocol.digits_alike else None
        self._shapes: dict[bytes, str] = {}

    def __missing__(self, sent: bytes) -> tuple[str, str]:
        name, alike, shapes = sent.decode('utf-8', 'replace'), sent.translate(self._table), self._shapes
        shape = shapes.get(alike)
        if shape is None:
            if len(shapes) >= MAX_NAMES:
                shapes.clear()
            shape = shapes[alike] = self._shape(name)[:MAX_NAME]
        if len(self) >= MAX_NAMES:
            self.clear()
        found = self[sent] = name[:MAX_NAME], shape
        return found


_NAMES: dict[type[Any], Names] = {}


def names_of(protocol: type[Any]) -> Names:
    """Return the names of a protocol, which all its sessions share."""
    if protocol not in _NAMES:
        _NAMES[protocol] = Names(protocol)
    return _NAMES[protocol]
