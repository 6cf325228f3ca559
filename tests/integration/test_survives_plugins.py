"""Plugins at their worst: whatever one does, the others live on, the process too, and it can still be ended."""
import contextlib
import logging
import re
import signal
import time
import urllib.error
import urllib.request
from typing import Any, ClassVar

import gevent
import pytest

from tests.support.daemon import daemon
from tests.support.hosting import eventually, hosted, registered, spec_for, state
from tests.support.peers import Backend, ask, connect, ending, sink
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.errors import RegistrationError
from vaurien.spec import BehaviorSpec, ToxicSpec
from vaurien.toxics import TOXICS, Toxic

MB = 1024 * 1024        #: [bytes]
#: a plugin that ends the process, wherever it can
PLUGIN = '''
import sys
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy
from vaurien.protocols import Protocol
from vaurien.protocols.base import BaseProtocol

@Behavior.register
class Exits(Dummy):
    """Exits."""
    name = 'exits'
    options = {'when': ('When it does', str, 'before')}
    inline = INLINE

    def __init__(self, settings=None):
        super().__init__(settings)
        if self.option('when') == 'made':
            sys.exit(3)

    def on_before_handle(self, protocol, source, dest, to_backend):
        if self.option('when') == 'before':
            sys.exit(3)
        return True

    def on_after_handle(self, protocol, source, dest, to_backend):
        if self.option('when') == 'after':
            sys.exit(3)
        return True

@Protocol.register
class Leaving(BaseProtocol):
    """Leaves."""
    name = 'leaving'
    inline = INLINE

    def _handle(self, source, dest, to_backend):
        sys.exit(3)
'''


@pytest.mark.parametrize('inline', [True, False], ids=['inline', 'greenlet'])
@pytest.mark.parametrize('arguments', [('--behavior', 'exits'), ('--behavior', 'exits', '--behavior-exits-when', 'after'),
                                       ('--protocol', 'leaving')], ids=['before', 'after', 'handle'])
def test_a_plugin_that_exits_resets_its_session_and_the_process_lives(tmp_path, echo_server, arguments, inline):
    (tmp_path / 'exiting.py').write_text(PLUGIN.replace('INLINE', str(inline)))
    with daemon('--plugin', 'exiting', '--backend', echo_server.address, *arguments, cwd=tmp_path) as vaurien:
        for _ in range(3):
            with connect(vaurien.port) as client:
                client.sendall(b'ping')
                assert ending(client) == 'RST'
        vaurien.wait_for(r'ERROR vaurien\.relay\.session: session \d of default is reset: .* raised', 3)
        vaurien.wait_for('SystemExit: 3', 3)
        assert vaurien.status is None
        assert len(re.findall('SystemExit: 3', vaurien.log)) == 3


def test_a_behavior_that_exits_when_it_is_made_is_refused_and_the_process_lives(tmp_path, echo_server):
    (tmp_path / 'exiting.py').write_text(PLUGIN.replace('INLINE', 'True') + '\nExits.options["when"] = ("When", str, "made")\n')
    with daemon('--plugin', 'exiting', '--backend', echo_server.address, '--http', '--http-port', '0', cwd=tmp_path) as vaurien:
        request = urllib.request.Request(f'{vaurien.control}/behavior', b'{"name": "exits"}', method='PUT')
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=PATIENCE)
        with caught.value as refused:
            assert refused.code == 400
        with connect(vaurien.port) as client:
            assert ask(client, b'ping') == b'ping'


class Exiting(Dummy):
    """Cannot be made."""

    name = 'exiting'

    def __init__(self, settings: Any = None) -> None:
        raise SystemExit(3)


def test_a_behavior_that_exits_when_it_is_made_changes_nothing(echo_server):
    with registered(Behavior, Exiting), hosted(spec_for(echo_server)) as host, connect(host.port) as client:
        with pytest.raises(RegistrationError, match='behavior exiting cannot be made'):
            host.mix('exiting')
        assert ask(client, b'ping') == b'ping'


class Breaking(Toxic):
    """Raises."""

    name = 'breaking'
    error: ClassVar[BaseException] = RuntimeError('plugin')
    options: ClassVar[Any] = {'where': ('Where it raises', str, 'pipe')}

    def pipe(self, chunks: Any, send: Any) -> None:
        for _ in chunks:
            raise self.error


class BreakingEarly(Breaking):
    """Raises before there is a session."""

    name = 'breaking_early'
    opens = True

    @classmethod
    def opening_delay(cls, settings: Any) -> float:
        raise cls.error


@pytest.mark.parametrize('error', [RuntimeError('plugin'), SystemExit(3), gevent.Timeout(None)], ids=['error', 'exit', 'timeout'])
@pytest.mark.parametrize('toxic', [Breaking, BreakingEarly])
def test_a_toxic_that_raises_resets_its_session_only(echo_server, caplog, toxic, error, monkeypatch):
    monkeypatch.setattr(Breaking, 'error', error)
    with (registered(TOXICS, toxic), hosted(spec_for(echo_server, name='other'), spec_for(
            echo_server, name='toxic', toxics=(ToxicSpec(type=toxic.name),))) as host, caplog.at_level(logging.ERROR)):
        with connect(host.port) as other:
            assert outcome(host.fleet.proxies['toxic'].bound.port) == 'RST'
            assert ask(other, b'ping') == b'ping'
        assert host.fleet.proxies['toxic'].stats.handler_errors == 1
        assert len([record for record in caplog.records if record.exc_info]) == 1


def outcome(port: int) -> str:
    """Connect, ask, and say how the connection ends; a reset may come before any of it."""
    try:
        with connect(port) as client:
            client.sendall(b'ping')
            return ending(client)
    except ConnectionError:
        return 'RST'


class Stuck(Dummy):
    """Waits for what never comes."""

    name = 'stuck'
    inline = False

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            gevent.get_hub().wait(gevent.get_hub().loop.timer(1000.0))
        return True


def test_a_behavior_that_waits_for_ever_holds_up_its_session_only(echo_server):
    with registered(Behavior, Stuck), hosted(spec_for(echo_server)) as host, connect(host.port) as other:
        assert ask(other, b'ping') == b'ping'
        host.mix('stuck')
        stuck = [connect(host.port) for _ in range(20)]
        for client in stuck:
            client.sendall(b'ping')
        eventually(lambda: len(host.proxy.sessions) == 21, 'the sessions')
        host.mix('')
        assert ask(other, b'still here') == b'still here'
        assert host.call(host.proxy.abort) == 21
        for client in (*stuck, other):
            client.close()


BLOCKER = '''
import time
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy

@Behavior.register
class Blocker(Dummy):
    """Blocks."""
    name = 'blocker'

    def on_before_handle(self, protocol, source, dest, to_backend):
        if to_backend:
            time.sleep(%r)
        return True
'''


def test_a_behavior_that_blocks_the_thread_holds_up_all_and_loses_nothing(tmp_path, echo_server):
    """The documented limit: plugins that do not give way stop the process for so long. What comes meanwhile waits."""
    (tmp_path / 'blocking.py').write_text(BLOCKER % (300 * MS))
    with (daemon('--plugin', 'blocking', '--backend', echo_server.address, '--behavior', 'blocker', cwd=tmp_path) as vaurien,
          connect(vaurien.port) as one):
        start = time.monotonic()
        one.sendall(b'blocks')
        time.sleep(50 * MS)
        with connect(vaurien.port) as two:     # the system accepts for it
            assert ask(two, b'waits') == b'waits'
            assert time.monotonic() - start >= 300 * MS
        assert one.recv(100) == b'blocks'
        vaurien.send(signal.SIGTERM)
        vaurien.wait_for('stopping')


class Flood(Dummy):
    """Answers each request with a megabyte."""

    name = 'flood'

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        if to_backend:
            source.recv()
            source.sendall(b'x' * MB)
        return not to_backend


class PatientFlood(Flood):
    """Answers the first request without end."""

    name = 'patient_flood'
    inline = False

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        while to_backend:
            source.sendall(b'x' * MB)
        return True


@pytest.mark.parametrize('flood', [Flood, PatientFlood], ids=['inline', 'greenlet'])
def test_a_behavior_that_floods_a_client_which_does_not_read_fills_no_memory(echo_server, flood):
    with registered(Behavior, flood), hosted(spec_for(echo_server)) as host, connect(host.port) as other:
        assert ask(other, b'ping') == b'ping'
        host.change(mix=(BehaviorSpec(name=flood.name),))
        before = state()['rss']
        with connect(host.port) as client:
            client.settimeout(10 * MS)
            with contextlib.suppress(TimeoutError):
                for _ in range(2000):
                    client.sendall(b'x' * 1000)
            time.sleep(100 * MS)
            host.mix('')
            assert ask(other, b'still here') == b'still here'
            assert state()['rss'] - before < 50 * MB


class Upload(Dummy):
    """Sends without end."""

    name = 'upload'
    inline = False

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        for _ in range(100 if to_backend else 0):
            dest.sendall(b'x' * MB)
        return True


def test_a_behavior_that_floods_the_backend_waits_for_it():
    with registered(Behavior, Upload), Backend(sink) as backend, hosted(spec_for(backend, 'upload')) as host:
        with connect(host.port) as client:
            client.sendall(b'!')
            eventually(lambda: sum(session.backend.sent for session in host.proxy.sessions.values()) == 100 * MB + 1, 'the end')
        host.wait_idle()


#: a plugin that tells how much the garbage collector has to look at, and how much it leaves alone
COUNTING = """
import gc
from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy

@Behavior.register
class Counts(Dummy):
    name = 'counts'
    inline = True

    def on_before_handle(self, protocol, source, dest, to_backend):
        source.recv()
        source.sendall(b'%d %d\\n' % (len(gc.get_objects()), gc.get_freeze_count()))
        return False
"""


def test_a_full_collection_need_not_look_at_what_was_there_before_the_first_session(tmp_path, echo_server):
    (tmp_path / 'counting.py').write_text(COUNTING)
    with daemon('--plugin', 'counting', '--backend', echo_server.address, '--behavior', 'counts', cwd=tmp_path) as vaurien, \
            connect(vaurien.port) as client, client.makefile('rb') as file:
        client.sendall(b'?')
        looked_at, left_alone = map(int, file.readline().split())
    assert looked_at < left_alone / 10
