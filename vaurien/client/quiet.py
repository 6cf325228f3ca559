"""Refusals without the way that they have taken through vaurien: pytest shows the line that asked, and none of ours."""
import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar

from ..errors import VaurienError

P = ParamSpec('P')
T = TypeVar('T')

#: what is raised on purpose, with a message that says all; of anything else the frames are shown, since it is a bug
REFUSALS = (VaurienError, TimeoutError)


def is_refusal(raised: Any) -> bool:
    """Return whether pytest is to hide the frames of a module that has this as ``__tracebackhide__``.

    Args:
        raised: pytest's ``ExceptionInfo``.
    """
    return isinstance(raised.value, REFUSALS)


class Block(Generic[T]):
    """A context manager whose refusals have no frames of contextlib's; what its body raises stays as it is.

    Args:
        inner: The context manager.
    """

    def __init__(self, inner: AbstractContextManager[T]) -> None:
        self._inner = inner

    def __enter__(self) -> T:
        try:
            return self._inner.__enter__()
        except REFUSALS as error:
            raise error.with_traceback(None)    # noqa: B904 - it is the same one

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        try:
            return self._inner.__exit__(kind, error, trace)
        except REFUSALS as other:
            if other is error:
                raise
            raise other.with_traceback(None)    # noqa: B904 - it is the same one


def block(function: Callable[P, Iterator[T]]) -> Callable[P, Block[T]]:
    """Make a context manager of a generator function, as ``contextlib.contextmanager`` does, whose refusals are quiet."""
    make = contextmanager(function)

    @functools.wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> Block[T]:
        return Block(make(*args, **kwargs))
    return made


__tracebackhide__ = is_refusal
