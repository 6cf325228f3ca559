"""A member refuses, an owner is killed, one member of etcd hangs, its leader is killed, all of it is killed."""
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import vaurien
from tests.support.daemon import environment
from tests.support.etcd import Etcds
from vaurien.clusters.asking import Asking
from vaurien.clusters.etcd.client import Etcd
from vaurien.clusters.etcd.errors import UnreachableError
from vaurien.clusters.where import find_cluster
from vaurien.ctl.command import main as vaurienctl

from .crowd import WAIT, Crowd
from .table import Row

#: asks for a fault, says so, and stays
OWNER = '''
import sys, time, vaurien
with vaurien.cluster(sys.argv[1], ttl=int(sys.argv[2]), timeout=300) as cluster:
    cluster.mix('shop', '100:abort')
    print('on', flush=True)
    time.sleep(1000)
'''


def refusal(crowd: Crowd) -> list[Row]:
    """Ask for what all members refuse, and for what one refuses, and see who says so."""
    since = time.monotonic()
    status, text = ctl(crowd, 'mix', 'shop', '20:delay', '--delay-sleep=soon')
    took = time.monotonic() - since
    assert status == 1
    assert " refuses: --behavior-delay-sleep: 'soon' is not valid" in text, text
    assert text.endswith(f' (and {crowd.count - 1} more members); nothing has changed\n'), text
    name = crowd.real[0].name
    taken = f'127.0.0.1:{crowd.etcd.ports[0]}'
    status, one = ctl(crowd, 'create', 'more', '--listen', taken, '--backend', '127.0.0.1:9', '--on', name)
    assert status == 1
    assert f'{name} refuses: ' in one, one
    crowd.listed()
    with crowd.asking() as asking:
        assert not asking.state().orders
        assert not asking.state().proxies
    return [crowd.row(f'{crowd.count} members refuse: seen by who asked', [took], note=f'and where one does: {one.strip()!r}')]


def ctl(crowd: Crowd, *words: str) -> tuple[int, str]:
    """Run ``vaurienctl --cluster``, and return its status and what it complains of."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = vaurienctl(['--cluster', crowd.url, '--timeout', str(int(WAIT)), *words])
    return status, err.getvalue()


@contextlib.contextmanager
def owner(url: str, ttl: int) -> Iterator['subprocess.Popen[bytes]']:
    """Have a process that has asked for a fault which all members have applied."""
    process = subprocess.Popen([sys.executable, '-c', OWNER, url, str(ttl)], env=environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b'on\n'
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def owner_killed(crowd: Crowd) -> list[Row]:
    """Kill who has asked for a fault."""
    with owner(crowd.url, crowd.ttl) as process:
        crowd.turned(True, time.monotonic(), simulated=False)
        since = time.monotonic()
        process.send_signal(signal.SIGKILL)
        took = crowd.turned(False, since)
    crowd.listed()
    return [crowd.row(f'who asked is killed, TTL {crowd.ttl} s: healed', took, crowd.ttl + 1)]


def leader_killed(crowd: Crowd) -> list[Row]:
    """Kill the leader of etcd, and ask for something else as soon as that is possible."""
    before = crowd.healed()
    with crowd.asking(ttl=crowd.ttl) as asking:
        since = time.monotonic()
        asked = asking.ask(asking.order(proxy='shop', mix='100:abort'))
        crowd.turned(True, since)
        number = leader(crowd.etcd)
        since = time.monotonic()
        crowd.etcd.kill(number)
        try:
            possible = asked_at_last(asking, asked.id) - since
            took = crowd.turned(False, since)
        finally:
            crowd.etcd.start(number)
        crowd.listed()
    assert crowd.healed() == before, 'some have healed themselves though etcd has answered'
    return [crowd.row('the leader of etcd is killed: the next change is in force', took,
                      note=f'made after {possible:.2f} s')]


def member_hangs(crowd: Crowd) -> list[Row]:
    """Stop the member of etcd that all ask first, so that it is silent and its connections stay, and ask for something else."""
    before, rows = crowd.healed(), []
    with crowd.asking(ttl=crowd.ttl, timeout=2) as asking:
        since = time.monotonic()
        asked = asking.ask(asking.order(proxy='shop', mix='100:abort'))
        crowd.turned(True, since)
        first = crowd.etcd.processes[0]
        assert first is not None
        words = 'the leader' if leader(crowd.etcd) == 0 else 'another member'
        first.send_signal(signal.SIGSTOP)
        try:
            time.sleep(1.5 * crowd.ttl)     # members that heal would do so after 13/12 of it
            for what in ('next change', 'one after that'):
                since = time.monotonic()
                asking.end([asked.id])
                rows.append(crowd.row(f'{words} of etcd hangs: the {what} is in force', crowd.turned(False, since)))
                since = time.monotonic()
                asked = asking.ask(asking.order(proxy='shop', mix='100:abort'))
                crowd.turned(True, since)
        finally:
            first.send_signal(signal.SIGCONT)
        assert crowd.healed() == before, 'some have healed themselves though etcd has answered'
        assert not asking.lost, asking.lost
    since = time.monotonic()
    crowd.turned(False, since, simulated=False)
    crowd.listed()
    return rows


def leader(etcd: Etcds) -> int:
    """Return the number of the member of etcd that leads."""
    for number in range(len(etcd.ports)):
        with contextlib.closing(Etcd(find_cluster(etcd.url('x', ports=[etcd.ports[number]])))) as client:
            status = client.call('/v3/maintenance/status', {})
        if status['header']['member_id'] == status['leader']:
            return number
    raise AssertionError('no member leads')


def asked_at_last(asking: Asking, name: str) -> float:
    """End an order as soon as etcd does it, and return when that was."""
    began = time.monotonic()
    while time.monotonic() - began < WAIT:
        with contextlib.suppress(UnreachableError):
            asking.end([name])
            return time.monotonic()
    raise AssertionError('nothing can be asked for')


def etcd_killed(crowd: Crowd) -> list[Row]:
    """Kill all members of etcd for longer than members wait for it, and start them again."""
    with vaurien.cluster(crowd.url, ttl=10 * crowd.ttl, timeout=WAIT) as cluster:
        cluster.mix('shop', '100:abort')
        since = time.monotonic()
        crowd.etcd.kill()
        took = crowd.turned(False, since)
        rows = [crowd.row(f'all of etcd is killed, TTL {crowd.ttl} s: healed', took, crowd.ttl + 1)]
        time.sleep(max(0.0, since + crowd.ttl + 2 - time.monotonic()))
        back = time.monotonic()
        crowd.etcd.start()
        rows.append(crowd.row('etcd is started again: what is asked for is in force', crowd.turned(True, back)))
        crowd.listed()
    crowd.turned(False, back)
    with crowd.asking() as asking:
        while (silent := [seen.name for seen in asking.members() if not (seen.applied and seen.applied.healed)]):
            assert time.monotonic() - back < WAIT, f'{silent} do not say that they have healed'
            time.sleep(0.2)
    return rows
