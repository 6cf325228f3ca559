"""Whose code runs, told from a stack."""
import sys
from types import SimpleNamespace

import pytest

from tests.support.hosting import hosted, spec_for
from tests.support.peers import ask, connect, echo_server
from vaurien.behaviors import Dummy
from vaurien.control.surface import decode
from vaurien.outputs.busy.owners import LOOP, OTHER, Owner, holders, owner_of, place_of
from vaurien.protocols.base import BaseProtocol
from vaurien.relay.lane import Lane
from vaurien.spec import ToxicSpec
from vaurien.toxics import Toxic
from vaurien.wire.chain import Chain
from vaurien.wire.stage import Stage


def here(*_):
    return owner_of(sys._getframe())


class Late(Dummy):
    """Late."""

    name = 'late'

    def on_before_handle(self, protocol, source, dest, to_backend):
        return here()

    def calls_a_helper(self):
        return sorted([1], key=lambda _: here()) and here()


class Thin(Toxic):
    """Thin."""

    name = 'thin'

    def pipe(self, chunks, send):
        return here()

    @classmethod
    def opening_delay(cls, settings):
        return here()


class Own(BaseProtocol):
    """Own."""

    name = 'own'

    def _handle(self, source, dest, to_backend):
        return here()


@pytest.mark.parametrize('call, what', [
    (lambda: Late().on_before_handle(None, None, None, True), 'behavior late'),
    (lambda: Late().calls_a_helper(), 'behavior late'),
    (lambda: Thin.pipe(object.__new__(Thin), None, None), 'toxic thin'),
    (lambda: Thin.opening_delay({}), 'toxic thin'),
    (lambda: Own()._handle(None, None, True), 'protocol'),
    (here, OTHER),
], ids=['behavior', 'what it calls', 'toxic', 'class of a toxic', 'protocol', 'something else'])
def test_a_plugin_has_the_time_of_all_that_is_nobody_elses(call, what):
    assert call() == Owner('', '', what)


def test_what_is_done_for_the_control_server_is_its_own():
    class Read:
        def __init__(self):
            self.owner = here()

    assert place_of(decode.__code__) == 'control'
    assert place_of(Lane.guard.__code__) == 'relay'
    assert place_of(here.__code__) == ''


@pytest.fixture
def session():
    with echo_server() as backend:
        toxic = ToxicSpec(name='slow', type='latency', attributes={'latency': 0})
        with hosted(spec_for(backend, name='one', toxics=(toxic,))) as host, connect(host.port) as client:
            ask(client, b'x')
            yield next(iter(host.fleet.proxies['one'].sessions.values()))


def test_each_object_of_a_session_leads_to_its_proxy(session):
    chain = session.client.through
    assert isinstance(chain, Chain)
    stage = next(iter(chain._stages.values()))
    assert isinstance(stage, Stage)
    for each in (session, session.upstream, session.downstream, session.protocol, chain, stage, chain._outlet):
        assert called_by(each) == Owner('one', 'tcp', OTHER if each is not session.protocol else 'protocol'), type(each)


def called_by(thing):
    """Return whose a function is whose first argument is an object."""
    def method(thing):
        return here()
    return method(thing)


def test_a_look_keeps_nothing_alive_that_a_frame_has_let_go_of():
    def method(first):
        second = SimpleNamespace()
        kept = sys.getrefcount(second)
        assert list(holders(sys._getframe())) == [first]
        return sys.getrefcount(second) - kept

    assert method('a') == 0


def test_an_owner_is_written_with_its_proxy():
    assert str(Owner('web', 'http', 'behavior delay')) == 'behavior delay of web, http'
    assert str(Owner('', '', LOOP)) == 'loop'
