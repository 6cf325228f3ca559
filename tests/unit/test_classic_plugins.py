"""Plugins as vaurien 1.x had them: what is run as it is, how it is told its settings, and what is refused."""
from collections.abc import Iterator
from typing import Any

import pytest

from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import DUMMY, Dummy
from vaurien.conformance import check_behavior, check_protocol
from vaurien.errors import ConfigError, RegistrationError
from vaurien.plugins import make_behavior, protocol_settings, summary
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol
from vaurien.protocols.tcp import TCP
from vaurien.spec import BehaviorSpec

OPTIONS = {'level': ('How much', int, 1), 'loud': ('Whether it shouts', bool, False)}


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    known = {registry: dict(registry._classes) for registry in (Behavior, Protocol)}
    yield
    for registry, classes in known.items():
        registry._classes = classes


class Hooks:
    """Does what it is told. In two sentences."""

    name = 'hooks'
    options = OPTIONS

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> Any:
        return self.option('level') == 1

    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> Any:
        return None


class Told(Hooks):
    """As the documentation of 1.x had them, and its Dummy was."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def update_settings(self, settings: Any) -> None:
        self.settings.update(settings)

    def option(self, name: str) -> Any:
        return self.settings.get(name, self.options[name][2])


class Given(Hooks):
    """Takes its settings where it is made."""

    def __init__(self, settings: Any) -> None:
        self.given = settings

    def option(self, name: str) -> Any:
        return self.given[name]


class Handing(Told):
    """Hands on whatever it gets, to a base that takes nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class FromDummy(Dummy):
    """Derives from Dummy, as in 1.x, where that took nothing."""

    name = 'hooks'
    options = OPTIONS

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        self.calls += 1
        return bool(self.option('level') == 1)


class Counting(FromDummy):
    """Has an argument of its own."""

    def __init__(self, calls: int = 0) -> None:
        super().__init__()
        self.calls = calls


class Updated(Dummy):
    """Overrides what 1.x told settings by."""

    name = 'hooks'
    options = OPTIONS
    twice = 0

    def update_settings(self, settings: Any) -> None:
        super().update_settings(settings)
        self.twice = 2 * self.option('level')

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        return self.twice == 2


def made(cls: Any, **settings: Any) -> Dummy:
    Behavior.register(cls)
    return make_behavior(BehaviorSpec(name='hooks', settings=settings), {}, TCP)


ALL = [Hooks, Told, Given, Handing, FromDummy, Counting, Updated]


@pytest.mark.parametrize('cls', ALL)
def test_it_runs_and_is_told_its_settings(cls: Any) -> None:
    assert made(cls).on_before_handle(None, None, None, True) is True
    told = made(cls, level=2, loud=True)
    assert told.on_before_handle(None, None, None, True) is False
    assert not told.on_after_handle(None, None, None, True) or isinstance(told, FromDummy | Updated)
    assert told.name == 'hooks'


@pytest.mark.parametrize('cls', ALL)
def test_settings_are_checked_and_match_is_there_as_for_all(cls: Any) -> None:
    with pytest.raises(ConfigError, match="--behavior-hooks-level: 'x' is not valid"):
        made(cls, level='x')
    with pytest.raises(ConfigError, match='--behavior-hooks-nothing'):
        made(cls, nothing=1)
    match = made(cls, match='^GET ').match
    assert match is not None
    assert match.search('get /')
    assert made(cls).match is None


@pytest.mark.parametrize('cls', ALL)
def test_it_is_made_once_for_each_entry_and_may_wait(cls: Any) -> None:
    one, two = made(cls), made(cls)
    assert one is not two
    assert type(one) is type(two)
    assert (one.inline, one.reports) == (False, False)
    if isinstance(one, FromDummy) and isinstance(two, FromDummy):
        one.on_before_handle(None, None, None, True)
        assert (one.calls, two.calls) == (1, 0)


def test_what_it_declares_of_itself_is_kept() -> None:
    class Quick(Told):
        """Never waits."""
        inline = True
        reports = True

    class QuickDummy(FromDummy):
        inline = True
    for cls, reports in ((Quick, True), (QuickDummy, False)):
        behavior = made(cls)
        assert (behavior.inline, behavior.reports) == (True, reports)
        Behavior.unregister('hooks')


def test_register_gives_the_class_back_and_takes_it_again() -> None:
    assert Behavior.register(Told) is Told
    assert Behavior.register(Told) is Told
    assert summary(Behavior.get('hooks')) == 'As the documentation of 1.x had them, and its Dummy was.'
    with pytest.raises(RegistrationError, match=r"the name 'hooks' is taken by tests\.unit\.test_classic_plugins\.Told"):
        Behavior.register(FromDummy)


def test_a_class_of_today_is_the_one_that_is_found() -> None:
    class Today(Dummy):
        name = 'hooks'

        def __init__(self, given: Any = None) -> None:
            super().__init__(given)
    Behavior.register(Today)
    assert Behavior.get('hooks') is Today


def test_one_without_any_hook_of_its_own_costs_nothing() -> None:
    class Idle(Dummy):
        name = 'hooks'

        def __init__(self) -> None:
            super().__init__()
    assert made(Idle) is DUMMY


def test_what_is_not_true_stops_as_in_1x() -> None:
    class Silent(Hooks):
        def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> Any:
            return None
    assert made(Silent).on_before_handle(None, None, None, True) is False


def test_its_own_suit_is_asked() -> None:
    class Picky(Told):
        def suit(self, protocol: Any) -> None:
            raise ConfigError('level', protocol.name, 'another protocol')
    with pytest.raises(ConfigError, match="level: 'tcp' is not valid, expected another protocol"):
        made(Picky)


REFUSED = {
    'no hook at all': ({'name': 'hooks', 'options': {}}, 'it does not derive from vaurien.behaviors.dummy.Dummy, and has not'),
    'one hook': ({**vars(Hooks), 'on_after_handle': None}, 'it has no method on_after_handle(self, protocol, source, dest,'),
    'two arguments': ({**vars(Hooks), '__init__': lambda self, one, two: None}, 'its constructor takes neither its'),
    'no options': ({**vars(Hooks), 'options': None}, 'its options are None, expected a mapping'),
    'no base': ({'name': 'hooks'}, 'it has no options and no base class that has: it should derive from vaurien.behaviors.dum'),
    'no name': ({**vars(Hooks), 'name': ''}, "its name is '', expected a text"),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_cannot_be_adapted_is_refused_in_one_line(case: str) -> None:
    attributes, reason = REFUSED[case]
    cls = type('Made', (), {key: value for key, value in attributes.items() if key not in ('__dict__', '__weakref__')})
    with pytest.raises(RegistrationError) as caught:
        Behavior.register(cls)      # type: ignore[arg-type]
    assert str(caught.value).startswith(f'behavior Made cannot be registered: {reason}')


def test_a_class_that_cannot_be_told_its_settings_is_refused_when_it_is_asked_for() -> None:
    sealed = type('Sealed', (), {'__slots__': (), 'name': 'hooks', 'options': OPTIONS, **{
        hook: getattr(Hooks, hook) for hook in ('on_before_handle', 'on_after_handle')}})
    with pytest.raises(RegistrationError, match='behavior hooks cannot be made: AttributeError'):
        made(sealed, level=2)


class OneLine(BaseProtocol):
    """A protocol of 1.x whose constructor takes nothing."""

    name = 'one-line'
    options = {'end': ('How a line ends', str, '\n')}

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        return True


def test_a_protocol_whose_constructor_takes_nothing_is_given_its_settings() -> None:
    Protocol.register(OneLine)
    cls = Protocol.get('one-line')
    protocol = cls(protocol_settings(cls, {'end': ';'}))
    assert (protocol.option('end'), protocol.option('buffer'), vars(protocol)['lines']) == (';', 8124, 0)
    assert (cls.inline, cls.relays) == (False, False)


def test_the_checks_for_authors_take_them_too() -> None:
    class Passing(Told):
        """Lets all pass."""

        def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> Any:
            return True

    class Handing(OneLine):
        """Hands all on."""

        def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
            data = self._get_data(source)
            dest.sendall(data)
            return bool(data)
    check_behavior(Passing)     # type: ignore[arg-type]
    check_protocol(Handing)
