"""The behaviors' hooks, on streams made of bytes: what each does to a request, and that it leaves the rest alone."""
import pytest

from tests.support.own import own
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.conformance import FakeSession, FakeStream, Relay
from vaurien.errors import ConfigError
from vaurien.protocols.base import JUNK, Exchange

#: name, settings -> whether the request passes; what the client gets, how its connection ends, whether all is silent
MEETS = {
    ('dummy', ()): (True, 0, '', False),
    ('error', ()): (False, JUNK, '', False),
    ('error', (('inject', True),)): (True, 0, '', False),
    ('error', (('warmup', 1),)): (True, 0, '', False),
    ('transient', ()): (False, JUNK, '', False),
    ('hang', ()): (False, 0, '', True),
    ('blackout', ()): (False, 0, 'closed', False),
    ('abort', ()): (True, 0, 'reset', False),
    ('delay', (('sleep', 0),)): (True, 0, '', False),
    ('dribble', ()): (True, 0, '', False),
    ('edit', ()): (False, JUNK, '', False),     # of a protocol that could not be told
}
#: behaviors that keep back or change the answer even without any setting; each has a test of its own for that
CHANGES_ANSWERS: tuple[str, ...] = ()


class Meeting:
    """One exchange that meets a behavior."""

    def __init__(self, behavior: Dummy) -> None:
        self.behavior, self.protocol = behavior, Relay()
        self.exchange = Exchange()
        self.protocol.session = self.session = FakeSession(self.exchange)
        self.client, self.backend = FakeStream(b'request'), FakeStream(b'answer')

    def happens(self, to_backend: bool) -> bool:
        ends = (self.client, self.backend) if to_backend else (self.backend, self.client)
        passes = self.behavior.on_before_handle(self.protocol, *ends, to_backend)
        if passes:
            self.protocol._handle(*ends, to_backend)
            self.behavior.on_after_handle(self.protocol, *ends, to_backend)
        return passes


@pytest.mark.parametrize('name, settings', MEETS)
def test_what_a_request_meets(name, settings):
    meeting = Meeting(Behavior.get(name)(dict(settings)))
    passes, length, ending, silent = MEETS[name, settings]
    assert meeting.happens(True) is passes
    assert meeting.backend.written == (b'request' if passes else b'')
    assert (len(meeting.client.written), meeting.client.ending, meeting.session.silent) == (length, ending, silent)


def test_every_behavior_has_a_line():
    missing = set(own(Behavior)) - {name for name, _ in MEETS}
    assert not missing, f'say in MEETS what a request meets of {", ".join(sorted(missing))}'


@pytest.mark.parametrize('name', [name for name in own(Behavior) if name not in CHANGES_ANSWERS])
def test_an_answer_passes_where_nothing_is_told_of_answers(name):
    meeting = Meeting(Behavior.get(name)({}))
    passes = meeting.happens(False)
    assert (passes, meeting.client.written) == (True, b'answer'), 'if it is meant to, name it in CHANGES_ANSWERS and test how'


def test_injected_bytes_stand_in_the_middle_of_the_answer_once():
    meeting = Meeting(Behavior.get('error')({'inject': True}))
    meeting.happens(True)
    meeting.happens(False)
    meeting.backend.feed(b'more')
    meeting.happens(False)
    written = meeting.client.written
    assert (written[:3], written[-7:], len(written)) == (b'ans', b'wermore', JUNK + 10)


@pytest.mark.parametrize('settings, expected', [
    ({}, [True, False, False, False, False]), ({'agitate': 3}, [True, True, True, False, False]),
    ({'agitate': 2, 'warmup': 1}, [False, True, True, False, False]), ({'agitate': 0}, [False] * 5)])
def test_transient_counts_its_exchanges(settings, expected):
    behavior = Behavior.get('transient')(settings)
    assert [behavior.acts() for _ in range(5)] == expected


def test_a_class_that_overrides_a_hook_promises_nothing_unless_it_says_so():
    class Quiet(Dummy):
        pass

    class Waits(Dummy):
        def on_before_handle(self, protocol, source, dest, to_backend):
            return True

    class Promises(Waits):
        inline = True

    class Inherits(Promises):
        def on_after_handle(self, protocol, source, dest, to_backend):
            return True
    assert [cls.inline for cls in (Quiet, Waits, Promises, Inherits)] == [True, False, True, False]
    assert [cls.transparent() for cls in (Quiet, Waits, Promises)] == [True, False, False]


@pytest.mark.parametrize('name, settings', [('delay', {'sleep': 'x'}), ('error', {'warmup': 1.5}), ('hang', {'match': '['}),
                                            ('dummy', {'sleep': 1}), ('transient', {'agitate': -1})])
def test_values_that_do_not_fit_are_refused(name, settings):
    with pytest.raises(ConfigError):
        Behavior.get(name)(settings)


def test_a_delay_says_how_long_before_it_is_applied_and_once():
    delay = Behavior.get('delay')({'sleep': 3.5, 'before': False})
    exchange = Exchange()
    assert [delay.pause(None, exchange, to_backend) for to_backend in (True, False, False)] == [0, 3.5, 0]


def test_only_what_changes_no_hook_of_a_delay_pauses_as_it_does():
    class Told(Behavior.get('delay')):
        name = 'told'

    class Mixed(type('Hook', (), {'on_after_handle': lambda *_: True}), Told):
        name = 'mixed'

    class Waits(Told):
        name = 'waits'

        def on_before_handle(self, protocol, source, dest, to_backend):
            return True

    class Promises(Waits):
        name = 'promises'
        pauses = True
    assert [cls.pauses for cls in (Dummy, Told, Mixed, Waits, Promises)] == [False, True, False, False, True]
    assert not any(cls.inline for cls in (Told, Mixed, Waits, Promises))
    assert [cls.once for cls in (Dummy, Told, Mixed, Waits, Promises)] == [False, True, False, False, False]


def test_a_delay_that_says_itself_how_long_promises_nothing_about_an_exchange_that_it_has_met():
    class Both(Behavior.get('delay')):
        name = 'both'

        def pause(self, protocol, exchange, to_backend):
            exchange.met = True
            return 1.0

    class Once(Both):
        name = 'once'
        once = True
    assert [(cls.pauses, cls.once) for cls in (Both, Once)] == [(True, False), (True, True)]
