"""Where plugins are made known and found again. Knows no plugin by name."""
import importlib
import inspect
import re
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from .errors import RegistrationError, UnknownPluginError
from .options import normalize

T = TypeVar('T')
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.-]*\Z')


class Registry(Generic[T]):
    """The plugins of one kind, by name.

    Args:
        kind: What they are called in messages: ``protocol``, ``behavior``, ``toxic``.
        group: The entry-point group that installed packages announce theirs in.
        check: Called with each class; returns what is wrong with it, or None.
    """

    def __init__(self, kind: str, group: str, check: Callable[[type], str | None]) -> None:
        self.kind, self.group = kind, group
        self._check = check
        self._classes: dict[str, type[T]] = {}
        self._announced: dict[str, Any] | None = None

    def register(self, cls: type[T], *, replace: bool = False) -> type[T]:
        """Make a class known under its ``name``. Also usable as a decorator.

        Args:
            cls: The plugin class.
            replace: Take the place of the class that has this name now.

        Returns:
            The class, unchanged.

        Raises:
            RegistrationError: The class is malformed, or its name is taken.
        """
        wrong = self._malformed(cls)
        if wrong:
            raise RegistrationError(f'{self.kind} {getattr(cls, "__qualname__", cls)!s} cannot be registered: {wrong}')
        name = cls.name  # type: ignore[attr-defined]
        present = self._classes.get(name)
        if present not in (None, cls) and not replace:
            raise RegistrationError(
                f'{self.kind} {cls.__qualname__} cannot be registered: the name {name!r} is taken by '
                f'{present.__module__}.{present.__qualname__}; register(cls, replace=True) replaces it')
        self._classes[name] = cls
        return cls

    def _malformed(self, cls: Any) -> str | None:
        if not inspect.isclass(cls):
            return 'it is not a class'
        name = getattr(cls, 'name', None)
        if not isinstance(name, str) or not NAME.match(name):
            return f'its name is {name!r}, expected a text of letters, digits, "-", "_" and "."'
        options = getattr(cls, 'options', None)
        if not hasattr(options, 'items'):
            return f'its options are {options!r}, expected a mapping'
        try:
            normalize(options)
        except ValueError as error:
            return str(error)
        return self._check(cls)

    def unregister(self, name: str) -> None:
        """Forget the class of this name; nothing happens where there is none."""
        self._classes.pop(name, None)

    def get(self, name: str) -> type[T]:
        """Return the class of this name.

        Raises:
            UnknownPluginError: There is none; the message lists the known names.
            RegistrationError: An installed package announces one that cannot be loaded.
        """
        if name not in self._classes and name in self._entry_points():
            self._load_entry(name)
        try:
            return self._classes[name]
        except KeyError:
            raise UnknownPluginError(self.kind, name, self.names()) from None

    def names(self) -> list[str]:
        """Return all known names, sorted, those of installed packages among them."""
        return sorted({*self._classes, *self._entry_points()})

    def load(self, target: str) -> type[T]:
        """Import ``package.module:Class`` (or ``package.module.Class``) and register it.

        Raises:
            RegistrationError: It cannot be imported or is malformed.
        """
        module, colon, attribute = target.partition(':')
        if not colon:
            module, _, attribute = target.rpartition('.')
        try:
            cls = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # whatever a plugin's module raises while it is imported
            raise RegistrationError(f'{self.kind} {target} cannot be loaded: {error!r}') from error
        return self.register(cls)

    def _entry_points(self) -> dict[str, Any]:
        if self._announced is None:
            self._announced = {entry.name: entry for entry in entry_points(group=self.group)}
        return self._announced

    def _load_entry(self, name: str) -> None:
        entry = self._entry_points()[name]
        try:
            cls = entry.load()
        except Exception as error:  # whatever a plugin's module raises while it is imported
            raise RegistrationError(f'{self.kind} {name} ({entry.value}) cannot be loaded: {error!r}') from error
        if getattr(cls, 'name', None) != name:
            raise RegistrationError(f'{self.kind} {entry.value} is announced as {name!r} but its name is '
                                    f'{getattr(cls, "name", None)!r}')
        self.register(cls)
