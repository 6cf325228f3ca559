"""The examples of the docs: they keep their contracts, do what the pages say, and are found once they are installed."""
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.support.framing import BACKEND, CLIENT, replay, same_in_every_slicing
from tests.support.peers import Backend
from tests.support.unit_of_time import PATIENCE
from vaurien import conformance
from vaurien.testing import Daemon

from .beanstalkd import Queue
from .blocks import DOCS, ROOT

EXAMPLES = DOCS / 'examples'
MODULES = ('classic', 'beanstalk_4', 'behaviors', 'toxics')
TALK = [
    (CLIENT, b'use mail\r\n'), (BACKEND, b'USING mail\r\n'),
    (CLIENT, b'put 0 0 60 5\r\nhello\r\nput 0 0 60 0\r\n\r\nreserve\r\n'),
    (BACKEND, b'INSERTED 1\r\nINSERTED 2\r\nRESERVED 1 5\r\nhello\r\n'),
    (CLIENT, b'delete 1\r\nquit\r\n'), (BACKEND, b'DELETED\r\n'),
]
#: the steps of the page, and what each of them can follow of ``TALK``
STEPS = {
    'beanstalk_1': [],
    'beanstalk_2': ['use mail'],
    'beanstalk_3': ['use mail', 'put 0 0 60 5', 'put 0 0 60 0', 'reserve', 'delete 1', 'quit'],
    'beanstalk_4': ['use mail', 'put 0 0 60 5', 'put 0 0 60 0', 'reserve', 'delete 1', 'quit'],
    'beanstalk_5': ['use mail', 'put 0 0 60 5', 'put 0 0 60 0', 'reserve', 'delete 1', 'quit'],
}


def run(code, *where):
    """Run code in a process of its own, which finds the examples; return what it printed."""
    path = ':'.join(map(str, (*where, ROOT)))
    done = subprocess.run([sys.executable, '-c', code], env={'PYTHONPATH': path}, text=True, capture_output=True, check=False,
                          timeout=6 * PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def examples():
    """The modules of the examples by name; the plugins that they register are gone afterwards."""
    sys.path.insert(0, str(EXAMPLES))
    from importlib import import_module

    from vaurien.behaviors import Behavior
    from vaurien.protocols import Protocol
    from vaurien.toxics import TOXICS
    registries = (Behavior, Protocol, TOXICS)
    before = [set(registry._classes) for registry in registries]
    yield {name: import_module(f'vaurien_examples.{name}') for name in {*MODULES, *STEPS}}
    for registry, names in zip(registries, before, strict=True):
        for name in set(registry._classes) - names:
            registry.unregister(name)
    sys.path.remove(str(EXAMPLES))
    for name in [name for name in sys.modules if name.startswith('vaurien_examples')]:
        del sys.modules[name]


# -- contracts

@pytest.mark.parametrize('module', STEPS)
def test_each_step_of_a_protocol_keeps_its_contract(examples, module):
    conformance.check_protocol(examples[module].Beanstalk)


@pytest.mark.parametrize('module', STEPS)
def test_each_step_of_a_protocol_follows_what_its_page_says(examples, module):
    found = same_in_every_slicing(examples[module].Beanstalk, TALK)
    assert [message.name for message in found.messages if message.sender == CLIENT] == STEPS[module]
    assert bool(found.opaque[CLIENT]) is (len(STEPS[module]) < 2)


def test_the_last_step_passes_over_all_of_it_in_runs_that_say_what_scan_says(examples):
    cls = examples['beanstalk_5'].Beanstalk
    conformance.check_protocol(cls, *((sender == CLIENT, data) for sender, data in TALK))
    assert {message.name for message in replay(cls, TALK, running=True).messages} == {''}


def test_classic_protocol_keeps_its_contract(examples):
    conformance.check_protocol(examples['classic'].OneResponse)


@pytest.mark.parametrize('name', ['Nothing', 'Late', 'EveryNth', 'Half'])
def test_behavior_keeps_its_contract(examples, name):
    conformance.check_behavior(getattr(examples['behaviors'], name))


# -- at work

@pytest.fixture(scope='module')
def daemon():
    """A vaurien that knows the examples by ``--plugin``."""
    sys.path.insert(0, str(EXAMPLES))       # its child looks where we look
    process = Daemon(7, [f'vaurien_examples.{name}' for name in MODULES])
    sys.path.remove(str(EXAMPLES))
    yield process
    process.close()


@pytest.fixture
def queue():
    with Queue() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(PATIENCE)


@contextlib.contextmanager
def client_of(proxy):
    with socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE) as sock, sock.makefile('rwb') as file:
        def ask(request, lines=1):
            file.write(request)
            file.flush()
            return b''.join(file.readline() for _ in range(lines))
        yield ask


@pytest.fixture
def worker(daemon, queue):
    proxy = daemon.create('queue', queue.address, 'beanstalk')
    with client_of(proxy) as ask:
        yield proxy, ask
    daemon.client.remove('queue')


def test_jobs_pass_where_nothing_goes_wrong(worker):
    _, ask = worker
    assert ask(b'put 0 0 60 5\r\nhello\r\n') == b'INSERTED 1\r\n'
    assert ask(b'reserve\r\n', 2) == b'RESERVED 1 5\r\nhello\r\n'
    assert ask(b'delete 1\r\n') == b'DELETED\r\n'


@pytest.mark.parametrize('kind, request_, answer', [
    ('out-of-memory', b'put 0 0 60 5\r\nhello\r\n', b'OUT_OF_MEMORY\r\n'),
    ('draining', b'put 0 0 60 5\r\nhello\r\n', b'DRAINING\r\n'),
    ('job-too-big', b'put 0 0 60 5\r\nhello\r\n', b'JOB_TOO_BIG\r\n'),
    ('timed-out', b'reserve\r\n', b'TIMED_OUT\r\n'),
    ('deadline-soon', b'reserve\r\n', b'DEADLINE_SOON\r\n'),
    ('not-found', b'delete 1\r\n', b'NOT_FOUND\r\n'),
    ('internal-error', b'use mail\r\n', b'INTERNAL_ERROR\r\n'),
])
def test_each_failure_is_met_in_the_words_of_the_server(worker, queue, kind, request_, answer):
    proxy, ask = worker
    with proxy.behavior('error', kind=kind):
        assert ask(request_) == answer
    assert not queue.jobs
    assert ask(b'use mail\r\n') == b'USING mail\r\n'
    assert [fault.kind for fault in proxy.faults] == [kind]


def test_one_command_of_a_pipeline_fails(worker, queue):
    proxy, ask = worker
    with proxy.behavior('error', kind='draining', match='^put 9 '):
        found = ask(b'put 0 0 60 1\r\na\r\nput 9 0 60 1\r\nb\r\nput 0 0 60 1\r\nc\r\n', 3)
    assert found == b'INSERTED 1\r\nDRAINING\r\nINSERTED 2\r\n'
    assert [body for _, body in queue.jobs] == [b'a\r\n', b'c\r\n']


def test_a_large_job_is_failed_without_its_body_reaching_the_backend(worker, queue):
    proxy, ask = worker
    size = 1 << 20
    with proxy.behavior('error', kind='job-too-big'):
        assert ask(b'put 0 0 60 %d\r\n%b\r\n' % (size, bytes(size))) == b'JOB_TOO_BIG\r\n'
    assert not queue.jobs
    assert ask(b'put 0 0 60 %d\r\n%b\r\n' % (size, bytes(size))) == b'INSERTED 1\r\n'
    assert len(queue.jobs[0][1]) == size + 2


def test_every_third_request_is_reset_and_only_those_that_match_are_counted(daemon, queue):
    proxy = daemon.create('thirds', queue.address, 'beanstalk')
    proxy.behavior('every-nth', n=3, match='^use')
    seen = []
    for number in range(1, 7):
        with client_of(proxy) as ask:
            ask(b'put 0 0 60 1\r\na\r\n')
            try:
                seen.append(bool(ask(b'use tube%d\r\n' % number)))
            except ConnectionResetError:
                seen.append(False)
    assert seen == [True, True, False, True, True, False]
    assert [fault.request for fault in proxy.faults] == ['use tube3', 'use tube6']


def test_late_is_late_by_what_it_was_told(daemon, queue):
    proxy = daemon.create('late', queue.address, 'beanstalk')
    with client_of(proxy) as ask, proxy.behavior('late', least=0.2, most=0.3):
        start = time.monotonic()
        ask(b'use mail\r\n')
        assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize('protocol', ['beanstalk', 'tcp'])
def test_half_is_half_of_the_response_and_then_the_end(daemon, queue, protocol):
    proxy = daemon.create(f'half-{protocol}', queue.address, protocol)
    with client_of(proxy) as ask, proxy.behavior('half'):
        assert ask(b'use mail\r\n') == b'USING '
        assert ask(b'', 1) == b''


def test_classic_protocol_serves_one_answer_for_each_connection(daemon):
    def talk(sock):
        sock.sendall(b'answer to ' + sock.recv(100))
    with Backend(talk) as backend:
        proxy = daemon.create('classic', backend.address, 'one-response')
        for request in (b'one', b'two'):
            with socket.create_connection((proxy.host, proxy.port), timeout=PATIENCE) as sock, sock.makefile('rb') as file:
                sock.sendall(request)
                assert file.read() == b'answer to ' + request


def test_toxic_puts_silence_between_bursts(daemon, queue):
    proxy = daemon.create('stutter', queue.address, 'tcp', toxics=[{
        'type': 'stutter', 'stream': 'upstream', 'attributes': {'burst': 10, 'silence': 50}}])
    with client_of(proxy) as ask:
        start = time.monotonic()
        assert ask(b'put 0 0 60 50\r\n%b\r\n' % bytes(50)) == b'INSERTED 1\r\n'
        assert time.monotonic() - start >= 5 * 0.05
    assert queue.jobs[0][1] == bytes(50) + b'\r\n'


# -- installed

ANNOUNCED = """
import json
from vaurien.behaviors import Behavior
from vaurien.protocols import Protocol
from vaurien.toxics import TOXICS
wanted = ((Protocol, 'one-response'), (Protocol, 'beanstalk'), (Behavior, 'nothing'), (Behavior, 'late'),
          (Behavior, 'every-nth'), (TOXICS, 'stutter'))
print(json.dumps([registry.get(name).__name__ for registry, name in wanted]))
"""


def test_installed_examples_are_found_by_their_entry_points(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / 'source')
    subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--no-build-isolation',
                    '--disable-pip-version-check', '--root-user-action=ignore', '--target', tmp_path / 'site',
                    tmp_path / 'source'], check=True, capture_output=True, timeout=12 * PATIENCE)
    assert json.loads(run(ANNOUNCED, tmp_path / 'site')) == ['OneResponse', 'Beanstalk', 'Nothing', 'Late', 'EveryNth', 'Stutter']
