"""Where plugins are made known and found again. Knows no plugin by name."""
import importlib
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from .errors import RegistrationError, UnknownPluginError, VaurienError
from .options import Option, options_of, settle


class PluginClass(Protocol):
    """What any plugin's class says of itself."""

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]]


T = TypeVar('T', bound=PluginClass)
NAME_PATTERN = '[A-Za-z0-9][A-Za-z0-9_.-]*'     #: of plugins, proxies and toxics
NAME_FORM = 'letters, digits, "-", "_" and ".", the first one a letter or a digit'    #: the same in words
NAME = re.compile(rf'{NAME_PATTERN}\Z')
#: what the import of a plugin's module may raise: anything, and the end of the process
IMPORT_ERRORS = (Exception, SystemExit)
#: the same of a plugin's code: gevent's Timeout and others are no Exception
RAISED: tuple[type[BaseException], ...] = (BaseException,)


class Registry(Generic[T]):
    """The plugins of one kind, by name.

    Args:
        kind: What they are called in messages: ``protocol``, ``behavior``, ``toxic``.
        group: The entry-point group that installed packages announce theirs in.
        check: Called with each class; returns the reason why it cannot be one, or None.
        common: The options that every plugin of this kind has beside its own.
        adapt: Makes of each class the one that is found again; the same one where nothing is to be adapted.
        base: What a class should derive from, for messages.
        own: Where the classes are that come with vaurien, by name: each is imported when it is asked for.
    """

    def __init__(self, kind: str, group: str, check: Callable[[Any], str | None],
                 common: Mapping[str, Any] | None = None, adapt: Callable[[type[T]], type[T]] | None = None,
                 base: str = 'the base class of its kind', own: Mapping[str, str] | None = None) -> None:
        self.kind, self.group, self.common, self.base = kind, group, common or {}, base
        self._check, self._adapt, self._own = check, adapt, dict(own or {})
        self._adapted: dict[Any, Any] = {}      # a class that is registered again is the same again
        self._renamed: dict[tuple[Any, str], Any] = {}
        self._classes: dict[str, type[T]] = {}
        self._announced: dict[str, list[str]] | None = None
        self._loaded: set[str] = set()

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
        self.check(cls)
        name = cls.name
        if self._own.get(name) != f'{cls.__module__}:{cls.__qualname__}':
            self._load_own(name)    # the name is taken, even if no one has asked for it so far
        found, present = self.adapt(cls), self._classes.get(name)
        if present not in (None, found) and not replace:
            raise RegistrationError(
                f'{self.kind} {cls.__qualname__} cannot be registered: the name {name!r} is taken by '
                f'{present.__module__}.{present.__qualname__}; register(cls, replace=True) replaces it')
        if replace:
            self._entry_points().pop(name, None)
        self._classes[name] = found
        return cls

    def adapt(self, cls: type[T]) -> type[T]:
        """Return what a class is found again as; the class itself where it is written for this version.

        Raises:
            RegistrationError: It cannot be adapted.
        """
        if self._adapt is None:
            return cls
        if cls not in self._adapted:
            with self.guarded(cls.__qualname__, 'adapted'):
                self._adapted[cls] = self._adapt(cls)
        found: type[T] = self._adapted[cls]
        return found

    def make(self, cls: type[T], *args: Any) -> T:
        """Make an object of a class.

        Raises:
            ConfigError: The class does not take a value.
            RegistrationError: It raises anything else; the message names it.
        """
        with self.guarded(cls.name):
            return cls(*args)

    @contextmanager
    def guarded(self, name: str, done: str = 'made') -> Iterator[None]:
        """Let whatever a plugin raises be one line that names it; what it says of a value in vaurien's own words passes.

        Raises:
            RegistrationError: It has raised something.
        """
        try:
            yield
        except (VaurienError, KeyboardInterrupt):
            raise
        except RAISED as error:
            raise RegistrationError(f'{self.kind} {name} cannot be {done}: {words(error)}') from error

    def check(self, cls: type[T]) -> None:
        """Look whether a class could be registered; nothing changes.

        Raises:
            RegistrationError: It is malformed.
        """
        with self.guarded(str(getattr(cls, '__qualname__', cls)), 'registered'):
            wrong = self._malformed(cls)
        if wrong:
            raise RegistrationError(f'{self.kind} {getattr(cls, "__qualname__", cls)!s} cannot be registered: {wrong}')

    def _malformed(self, cls: Any) -> str | None:
        if not inspect.isclass(cls):
            return 'it is not a class'
        name = getattr(cls, 'name', None)
        if not isinstance(name, str) or not NAME.match(name):
            return f'its name is {name!r}, expected a text of letters, digits, "-", "_" and "."'
        options: Any = getattr(cls, 'options', None)
        if not hasattr(cls, 'options'):
            return f'it has no options and no base class that has: it should derive from {self.base}'
        if not hasattr(options, 'items'):
            return f'its options are {options!r}, expected a mapping'
        try:
            options_of(cls, self.common)
        except ValueError as error:
            return str(error)
        return self._check(cls)

    def options(self, cls: type[T]) -> dict[str, Option]:
        """Return all that a class can be told: its own options, and those that every plugin of this kind has."""
        with self.guarded(cls.name, 'used'):
            return options_of(cls, self.common)

    def settle(self, cls: type[T], given: Mapping[str, Any], label: Callable[[str], str] = str) -> dict[str, Any]:
        """Return a value for each option of a class.

        Args:
            cls: The class.
            given: What the user gave, by option name.
            label: Makes of an option's name the one that the user wrote.

        Raises:
            ConfigError: An unknown option, or a value that does not fit.
        """
        return settle(self.options(cls), given, label)

    def unregister(self, name: str) -> None:
        """Forget the class of this name; nothing happens where there is none."""
        self._classes.pop(name, None)
        self._own.pop(name, None)
        self._loaded.discard(name)

    def get(self, name: str) -> type[T]:
        """Return the class of this name.

        Raises:
            UnknownPluginError: There is none; the message lists the known names.
            RegistrationError: An installed package announces one that cannot be loaded, or whose name is taken.
        """
        if not isinstance(name, str):
            raise UnknownPluginError(self.kind, name, self.names())
        if name in self._own:
            self._load_own(name)
        else:
            self.load_announced(name)
        try:
            return self._classes[name]
        except KeyError:
            raise UnknownPluginError(self.kind, name, self.names()) from None

    def load_announced(self, name: str) -> None:
        """Load what installed packages announce under a name; nothing happens where none does.

        Raises:
            RegistrationError: It cannot be loaded, or its name is taken.
        """
        targets = () if name in self._loaded else self._entry_points().get(name, ())
        for target in targets:
            self.load(target, name)
        if targets:     # where a second package announces the name this is not reached, and it is refused every time
            self._loaded.add(name)

    def _load_own(self, name: str) -> None:
        if name in self._own and name not in self._classes:
            self.load(self._own[name], name)

    def names(self) -> list[str]:
        """Return all known names, sorted, those of installed packages among them."""
        return sorted({*self.own_names(), *self._entry_points()})

    def own_names(self) -> list[str]:
        """Return those names, sorted, that are known without a look at what is installed: vaurien's, and what was registered."""
        return sorted({*self._classes, *self._own})

    def load(self, target: str, name: str | None = None) -> type[T]:
        """Import ``package.module:Class`` (or ``package.module.Class``) and register it.

        Args:
            target: Where the class is.
            name: The name that the class must have; None: any.

        Raises:
            RegistrationError: It cannot be imported, is malformed, or has another name.
        """
        cls = self._import(target)
        if name is not None and getattr(cls, 'name', None) != name:
            raise RegistrationError(f'{self.kind} {target} cannot be registered as {name!r}: its name is '
                                    f'{getattr(cls, "name", None)!r}')
        return self.register(cls)

    def load_as(self, target: str, name: str) -> type[T]:
        """Import a class as ``load`` does, and register it under a name of the user's; its own name is not looked at.

        Raises:
            RegistrationError: It cannot be imported, or is malformed.
        """
        cls = self._import(target)
        if inspect.isclass(cls) and getattr(cls, 'name', None) != name:
            if (cls, name) not in self._renamed:
                with self.guarded(target, f'called {name!r}'):
                    self._renamed[cls, name] = derive(cls, cls, name=name)
            cls = self._renamed[cls, name]
        return self.register(cls)

    def _import(self, target: str) -> Any:
        module, colon, attribute = target.partition(':')
        if not colon:
            module, _, attribute = target.rpartition('.')
        try:
            return attrgetter(attribute)(importlib.import_module(module))
        except KeyboardInterrupt:
            raise
        except RAISED as error:
            raise RegistrationError(f'{self.kind} {target} cannot be loaded: {words(error)}') from error

    def _entry_points(self) -> dict[str, list[str]]:
        """Return what installed packages announce: targets by name, looked up once."""
        if self._announced is None:
            from importlib.metadata import entry_points  # slow to import
            self._announced = {}
            announced = {(entry.name, f'{entry.module}:{entry.attr}') for entry in entry_points(group=self.group)}
            for name, target in sorted(announced):
                self._announced.setdefault(name, []).append(target)
        return self._announced


def derive(base: type, like: type, **attributes: Any) -> Any:
    """Return a class derived from another one, with some attributes of its own; messages and the help call it like ``like``.

    Whether it may run in the event loop is inherited too: it overrides nothing.
    """
    same = {'__qualname__': like.__qualname__, '__module__': like.__module__, '__doc__': like.__doc__}
    if hasattr(base, 'inline'):
        same['inline'] = base.inline
    return types.new_class(like.__name__, (base,), exec_body=lambda namespace: namespace.update({**same, **attributes}))


def takes_settings(cls: type, base: type) -> bool:
    """Return whether a constructor takes the settings: its first argument is called so, must be there, or is None by default.

    Args:
        cls: The class.
        base: What classes of its kind derive from; one that does hands on the arguments that it does not name.
    """
    parameters = signature(cls).parameters.values()
    first = next(iter(parameters), None)
    if first is None or not fits(cls, None):
        return False
    if first.kind is inspect.Parameter.VAR_POSITIONAL:
        return issubclass(cls, base)
    return first.name == 'settings' or first.default is None or first.default is first.empty


def wrong_constructor(cls: type, base: type) -> str | None:
    """Return what is wrong with a constructor that is to be called with the settings or, as in 1.x, with nothing."""
    return None if takes_settings(cls, base) or fits(cls) else 'its constructor takes neither its settings alone nor nothing'


def fits(cls: type, *args: Any) -> bool:
    """Return whether a constructor can be called with these arguments."""
    try:
        signature(cls).bind(*args)
    except TypeError:
        return False
    return True


def signature(cls: type) -> inspect.Signature:
    """Return what a constructor takes; what does not tell it is taken for one that takes nothing, as in 1.x."""
    try:
        return inspect.signature(cls)
    except ValueError:
        return inspect.Signature()


def words(error: BaseException) -> str:
    """Return how an error shows itself, as one line; one that cannot do even that is shown by its class."""
    try:
        return ' '.join(repr(error).split())
    except RAISED:
        return type(error).__name__
