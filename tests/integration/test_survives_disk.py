"""A journal whose disk fills: relaying goes on, one warning says so, and a line counts what is missing once there is room."""
import json
import resource

from tests.support.daemon import daemon
from tests.support.hosting import eventually
from tests.support.peers import Backend, ask, connect

ROOM = 20_000   #: [bytes] that the file may have, in place of a small disk
BATCH = 200     #: requests between two looks
PING, PONG = b'*1\r\n$4\r\nPING\r\n', b'+PONG\r\n'
WARNING = 'cannot be written, and lacks lines'


def answering(sock):
    while sock.recv(65536):
        sock.sendall(PONG)


def test_a_full_disk_costs_the_journal_alone_and_what_is_missing_is_counted(tmp_path):
    path = tmp_path / 'journal'
    sent = 0
    with Backend(answering) as backend, daemon('--backend', backend.address, '--protocol', 'redis', '--journal', str(path),
                                               '--log-level', 'warning') as vaurien:
        _, hard = resource.prlimit(vaurien.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(vaurien.pid, resource.RLIMIT_FSIZE, (ROOM, hard))
        with connect(vaurien.port) as client:
            def talk():
                nonlocal sent
                for _ in range(BATCH):
                    assert ask(client, PING, len(PONG)) == PONG
                    sent += 1
                return WARNING in vaurien.log
            eventually(talk, 'the warning')
            talk()
            assert path.stat().st_size <= ROOM
            resource.prlimit(vaurien.pid, resource.RLIMIT_FSIZE, (hard, hard))
            def told():
                talk()
                return b'"lost"' in path.read_bytes()
            eventually(told, 'the line that counts')
        assert vaurien.stop() == 0
        assert vaurien.log.count(WARNING) == 1
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lost = sum(line['lines'] for line in lines if line['type'] == 'lost')
    assert lost > 0
    assert f'lacks {lost} lines' in vaurien.log
    assert len([line for line in lines if line['type'] != 'lost']) + lost == 2 + 1 + sent + 1   # header, proxy; open; close
