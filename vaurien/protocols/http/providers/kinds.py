"""The kinds that are read from files: those that come with vaurien, and those of a user. A file is read when a name is asked for
that it could have, so that who needs none of them reads none.
"""
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import ConfigError
from ...failure import FailureKind

if TYPE_CHECKING:
    from .making import Row
    from .model import Table

OWN = Path(__file__).parent / 'tables'      #: what comes with vaurien: a file for each provider, whose kinds begin with its name


@cache
def own(provider: str) -> 'tuple[Table, dict[str, Row]]':
    """Read a file that comes with vaurien."""
    from .reading import read  # few need it
    path = OWN / f'{provider}.toml'
    return read(path.read_bytes(), path.name)


@cache
def providers() -> tuple[str, ...]:
    """Return the names of the files that come with vaurien, sorted."""
    return tuple(sorted(path.stem for path in OWN.glob('*.toml')))


class Kinds(Mapping[str, FailureKind]):
    """All of them, by name. To look whether there is one of a name reads at most one file; to go through them reads all."""

    def __init__(self) -> None:
        self._added: dict[str, dict[str, Row]] = {}     # by file

    def add(self, files: Iterable[tuple[str, bytes]], taken: Collection[str]) -> None:
        """Add the kinds of a user's files: all of them, or none. A file that is added again takes the place of what it was.

        Args:
            files: How the user knows each, and what is in it.
            taken: Names that something else has.

        Raises:
            ConfigError: As for ``read``; or something else has a kind's name.
        """
        from .reading import read  # few need it
        added = dict(self._added)
        for label, data in files:
            added[label] = read(data, label)[1]
            check_names(label, added, taken)
        self._added = added

    def row(self, name: str) -> 'Row | None':
        """Return a kind with where it comes from; None: there is none of this name."""
        for found in self._added.values():
            if name in found:
                return found[name]
        return own_row(name)

    def __getitem__(self, name: str) -> FailureKind:
        row = self.row(name)
        if row is None:
            raise KeyError(name)
        return row.kind

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.row(name) is not None

    def __iter__(self) -> Iterator[str]:
        for provider in providers():
            yield from own(provider)[1]
        for found in self._added.values():
            yield from found

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KindsAt(Mapping[str, FailureKind]):
    """Those of some kinds that fit at a stage.

    Args:
        kinds: The kinds.
        stage: The stage.
    """

    def __init__(self, kinds: Mapping[str, FailureKind], stage: str) -> None:
        self._kinds, self._stage = kinds, stage

    def __getitem__(self, name: str) -> FailureKind:
        kind = self._kinds[name]
        if self._stage not in kind.stages:
            raise KeyError(name)
        return kind

    def __iter__(self) -> Iterator[str]:
        return (name for name, kind in self._kinds.items() if self._stage in kind.stages)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def check_names(label: str, added: 'Mapping[str, Mapping[str, Row]]', taken: Collection[str]) -> None:
    """Refuse a name of a file that something else has.

    Args:
        label: The file.
        added: The kinds of all files, by file.
        taken: Names that http has.
    """
    others = {name: file for file, names in added.items() if file != label for name in names}
    for name in added[label]:
        if name in taken or name in others or own_row(name):
            whose = others.get(name, f'{name.partition("-")[0]}.toml, which comes with vaurien' if own_row(name) else 'http')
            raise ConfigError(f'{label} kinds.{name}', name, f'another name: this one is taken by {whose}')


def own_row(name: str) -> 'Row | None':
    """Return a kind that comes with vaurien; None: there is none of this name."""
    provider = name.partition('-')[0]
    return own(provider)[1].get(name) if provider in providers() else None


#: those of this process
KINDS = Kinds()
