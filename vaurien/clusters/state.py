"""What is wanted of a cluster at one revision, as it was read and as it changes. Knows no connection and no fleet."""
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import ConfigError
from ..options import check_count
from ..spec import TLS_FIELDS
from .etcd.client import Kept
from .keys import Keys
from .model import MAX_ORDERS, Halted, Order, Standing, check_order, read

#: what names files of a member
TLS_FILES = tuple(name for name in TLS_FIELDS if name.endswith(('_cert', '_key', '_ca')))


class Known(NamedTuple):
    """An order that can be read.

    Args:
        id: Its id.
        order: What it says.
        created, changed: The revisions at which it was made and last changed.
        lease: The lease that it ends with.
    """

    id: str
    order: Order
    created: int
    changed: int
    lease: int


class State:
    """What is wanted, at one revision.

    Args:
        keys: The names of the keys.

    Attributes:
        revision: The revision; 0: nothing was read yet.
        halted: Why all is halted; None: it is not.
        orders: What is asked for, oldest first.
        proxies: What members are to have beside their own.
        bad: By id or name: what cannot be read, and why.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys, self._raw = keys, dict[str, Kept]()
        self._read: dict[str, tuple[int, Known | Standing | str]] = {}     # what was made of a key, by the revision of that
        self.revision = 0
        self.halted: Halted | None = None
        self.orders: list[Known] = []
        self.proxies: list[Standing] = []
        self.bad: dict[str, str] = {}

    @property
    def newest(self) -> tuple[int, int]:
        """How many keys there are, and the revision at which one was written last: what tells whether a change was missed."""
        return len(self._raw), max((kept.changed for kept in self._raw.values()), default=0)

    def replace(self, revision: int, keys: Mapping[str, Kept]) -> bool:
        """Take all that there is, and return whether that is news."""
        if revision < self.revision:
            return False
        news = dict(keys) != self._raw or not self.revision
        self.revision, self._raw = revision, dict(keys)
        if news:
            self._settle()
        return news

    def change(self, revision: int, keys: Mapping[str, Kept | None]) -> bool:
        """Take what has changed; what was overtaken is passed over."""
        if revision <= self.revision:
            return False
        self.revision = revision
        for key, kept in keys.items():
            if kept is None:
                self._raw.pop(key, None)
            else:
                self._raw[key] = kept
        self._settle()
        return True

    def _settle(self) -> None:
        self._read = {key: self._known(key, kept) for key, kept in self._raw.items()}
        self.bad = {key.rpartition('/')[2]: found for key, (_, found) in self._read.items() if isinstance(found, str) and found}
        orders = [found for _, found in self._read.values() if isinstance(found, Known)]
        self.orders = sorted(orders, key=lambda known: (known.created, known.id))
        for known in self.orders[MAX_ORDERS:]:
            self.bad[known.id] = f'the cluster has {len(self.orders)} orders, expected at most {MAX_ORDERS}'
        del self.orders[MAX_ORDERS:]
        self.proxies = [found for _, found in self._read.values() if isinstance(found, Standing)]
        halt = self._raw.get(self._keys.halt)
        self.halted = None if halt is None else read_halt(halt.value)

    def _known(self, key: str, kept: Kept) -> tuple[int, 'Known | Standing | str']:
        before = self._read.get(key)
        if before is not None and before[0] == kept.changed:
            return before
        return kept.changed, self._make(key, kept)

    def _make(self, key: str, kept: Kept) -> 'Known | Standing | str':
        name = key.rpartition('/')[2]
        try:
            if key.startswith(self._keys.orders):
                order = check_order(read(Order, kept.value, f'order {name}'))
                if not kept.lease:
                    return f'order {name} has no lease: nothing would end it'
                return Known(name, order, kept.created, kept.changed, kept.lease)
            if key.startswith(self._keys.proxies):
                return check_standing(read(Standing, kept.value, f'proxy {name}'), name)
        except ConfigError as error:
            return str(error)
        return '' if key == self._keys.halt else f'{key} is not a key of a cluster'


def check_standing(standing: Standing, name: str) -> Standing:
    """Refuse a proxy that has another name than its key, or faults, which would outlive the one who asked for them.

    Raises:
        ConfigError: It does.
    """
    spec = standing.spec
    if spec.name != name:
        raise ConfigError(f'proxy {name}', spec.name, 'the name that its key ends with')
    check_count(f'proxy {name} faults', len(spec.mix) + len(spec.toxics), 0, 'faults')
    for field in TLS_FILES:
        if getattr(spec, field):
            raise ConfigError(f'proxy {name} {field}', getattr(spec, field), 'no file: etcd does not choose what members read')
    return standing


def read_halt(data: bytes) -> Halted:
    """Read why all is halted; a value that cannot be read halts as well."""
    try:
        return read(Halted, data, 'halt')
    except ConfigError:
        return Halted(by='?')
