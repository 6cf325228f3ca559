"""The rules that plugins of all kinds keep, and how a class is told that it breaks one. Knows no kind of plugin."""
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from gevent import get_hub, spawn
from gevent.event import Event
from gevent.exceptions import BlockingSwitchOutError

from ..net.loop import PLUGIN_ERRORS
from ..options import Option, convert

__all__ = ['PATIENCE', 'PLUGIN_ERRORS', 'WAITS', 'broken', 'call_plugin', 'look_at_class', 'make_with_defaults',
           'no_global_random', 'require', 'takes']

T = TypeVar('T')
#: [seconds] that a hook or handler which may wait gets before it is ended
PATIENCE = 0.2
#: in place of a result: it still waits
WAITS = object()


def require(cls: type, holds: object, rule: str) -> None:
    """Say that a class breaks a rule, unless it holds."""
    if not holds:
        broken(cls, rule)


def broken(cls: type, rule: str, cause: BaseException | None = None) -> NoReturn:
    """Say that a class breaks a rule, and by what it raised."""
    why = f'; it raised {cause!r}' if cause is not None else ''
    raise AssertionError(f'{cls.__qualname__} breaks the rule: {rule}{why}') from cause


def look_at_class(cls: type, options: Mapping[str, Option], flags: tuple[str, ...]) -> None:
    """Check what can be seen without making an object."""
    require(cls, cls.__doc__, 'the class has a docstring: it is its page in the docs')
    for flag in flags:
        require(cls, isinstance(getattr(cls, flag), bool), f'{flag} is True or False')
    for name, option in options.items():
        require(cls, option.description.strip(), f'option {name!r} has a description')
        same = option.default is None or convert(name, option, option.default) == option.default
        require(cls, same, f'the default of option {name!r} is a value of its type')


def make_with_defaults(cls: type[T], options: Mapping[str, Option]) -> T:
    """Make an object with default settings."""
    make: Callable[[dict[str, Any]], T] = cls
    try:
        return make({name: option.default for name, option in options.items()})
    except PLUGIN_ERRORS as error:
        broken(cls, 'it can be made with the defaults of its options', error)


def takes(hook: Callable[..., Any], count: int) -> bool:
    """Return whether it can be called with so many arguments, and itself before them."""
    try:
        inspect.signature(hook).bind(None, *(None for _ in range(count)))
    except TypeError:
        return False
    return True


def call_plugin(cls: type, rule: str, inline: bool, call: Callable[[], Any]) -> Any:
    """Call a plugin where it would be called: in the event loop if it promises never to wait, else in a greenlet.

    Returns:
        What it returned; ``WAITS`` where it was still waiting at the end of ``PATIENCE``.
    """
    outcome: list[Any] = [WAITS, None]
    done = Event()

    def run() -> None:
        try:
            outcome[:] = call(), None
        except PLUGIN_ERRORS as error:
            outcome[:] = None, error
        done.set()
    with no_global_random(cls):
        if inline:
            get_hub().loop.run_callback(run)
            done.wait()
        else:
            runner = spawn(run)
            done.wait(PATIENCE)
            runner.kill()
    result, error = outcome
    if isinstance(error, BlockingIOError) and inline:
        return WAITS
    if error is not None:
        broken(cls, 'inline is only for what never waits' if has_waited(error) else rule, error)
    return result


def has_waited(error: BaseException) -> bool:
    """Return whether an error is what the event loop makes of code that waits in it."""
    return isinstance(error, BlockingSwitchOutError) or isinstance(error, AssertionError) and 'hub' in str(error).lower()


@contextmanager
def no_global_random(cls: type, instead: str = 'protocol.random(to_backend), or protocol.session.random') -> Iterator[None]:
    """Watch over the global generator, which is not for plugins."""
    state = random.getstate()
    yield
    require(cls, random.getstate() == state, f'what is random is drawn from {instead}')
