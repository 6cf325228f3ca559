"""``@pytest.mark.vaurien(...)``: what the proxies of a test do while it runs. Knows a proxy by its methods, and no pytest."""
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError, VaurienError
from ..options import one_of
from .changes import Change
from .plan import NAMED, PlannedFault, RunningPlan
from .proxy import RunningProxy

#: what a mark may say, beside entries of a plan, and the type of its value. Each is a method of a proxy, which gets the other
#: arguments too
VALUES: Mapping[str, type] = {'fault': str, 'behavior': str, 'mix': str, 'toxic': str, 'link': str, 'down': bool,
                              'stop_accepting': bool}

SET_ALL = 'behavior', 'mix'    #: what replaces all behaviors that were set


class Mark(NamedTuple):
    """One mark of a test.

    Args:
        method: The method of a proxy that it calls.
        args, kwargs: With what.
        proxy: Which of the test's proxies it is about, by its number, from 1, in the order in which they are made; 0: all.
    """

    method: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    proxy: int = 0

    def apply(self, proxy: RunningProxy) -> Callable[[], None]:
        """Let a proxy do what it says, and return what ends that.

        Raises:
            VaurienError: It cannot: there is no such behavior, kind, toxic or option.
        """
        method = getattr(proxy, self.method)
        try:
            inspect.signature(method).bind(*self.args, **self.kwargs)
        except TypeError as error:
            raise VaurienError(f'{self.method}: {error}') from None
        made: Change[RunningProxy] | PlannedFault | RunningPlan = method(*self.args, **self.kwargs)
        return made.undo if isinstance(made, Change) else made.remove


def about(marks: Sequence[Mark], number: int) -> list[Mark]:
    """Return those that are about the proxy of a number. Of those that set all behaviors the last one wins: the
    test's own, not its class's."""
    found = [mark for mark in marks if mark.proxy in (0, number)]
    last = next((mark for mark in reversed(found) if mark.method in SET_ALL), None)
    return [mark for mark in found if mark is last or mark.method not in SET_ALL]


def read_mark(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mark:
    """Read what a mark was given.

    Raises:
        VaurienError: It says nothing, or two things at once, or a value does not fit.
    """
    given = dict(kwargs)
    number = given.pop('proxy', 0)
    if type(number) is not int or number < 0:
        raise ConfigError('proxy', number, 'the number of a proxy of the test, from 1; 0 for all of them')
    verbs = said(args, given)
    if len(verbs) != 1:
        raise VaurienError(f'it takes entries of a plan or {one_of(VALUES)}, not {" and ".join(verbs) or "none of them"}')
    verb = verbs[0]
    if verb == 'plan':
        return Mark(verb, entries(args), given, number)
    value, wanted = given.pop(verb), VALUES[verb]
    if type(value) is not wanted or not value:
        raise ConfigError(verb, value, 'True' if wanted is bool else 'a text')
    return Mark(verb, () if wanted is bool else (value,), given, number)


def said(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """Return what a mark says: ``plan`` and its verbs. What ``fault`` is to apply is no verb of its own."""
    verbs = [verb for verb in VALUES if verb in kwargs]
    if 'fault' in kwargs:
        verbs = [verb for verb in verbs if verb not in NAMED]
    return ['plan', *verbs] if args else verbs


def entries(given: Sequence[Any]) -> Sequence[Any]:
    """Return entries of a plan, and refuse what is none."""
    for entry in given:
        if not isinstance(entry, str | Mapping):
            raise ConfigError('entry of a plan', entry, "a text such as 'GET / #2 = 503', or a mapping of its fields")
    return given
