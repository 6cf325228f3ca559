"""Plans in front of Redis: in a pipeline, within MULTI, among many sessions."""
import contextlib
import socket
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.support.peers import connect
from vaurien.testing import Daemon

from .meant import Meant, meant

PIPELINED, SESSIONS, EACH = 1_000, 50, 20
GROUPS, QUEUED = 10, 10
BUSY = b'-BUSY '
READ = 65536


def replies(sock: socket.socket, count: int) -> list[bytes]:
    """Read so many replies that are lines, arrays of lines among them."""
    found: list[bytes] = []
    left, data = count, b''
    while left:
        data += sock.recv(READ) or b'\0'
        assert b'\0' not in data, 'the connection has ended'
        *lines, data = data.split(b'\r\n')
        for line in lines:
            left += int(line[1:]) - 1 if line.startswith(b'*') else -1
            found.append(line)
    return found


class Redis:
    """A server, a proxy before it, and what was asked through it so far.

    Args:
        daemon: The vaurien.
        address: The server.
    """

    def __init__(self, daemon: Daemon, address: str) -> None:
        self.proxy = daemon.create('redis-plan', address, 'redis')
        host, _, port = address.rpartition(':')
        self.server = connect(int(port), host)
        self.sessions: list[socket.socket] = []
        self.asked: list[int] = []

    def close(self) -> None:
        """End all connections."""
        for sock in (*self.sessions, self.server):
            sock.close()
        self.proxy.remove()

    def session(self, index: int) -> socket.socket:
        """Return one of the connections through the proxy; they have the numbers from 1 on."""
        while len(self.sessions) <= index:
            self.sessions.append(connect(self.proxy.port))
            self.asked.append(0)
            self.ask(len(self.sessions) - 1, [b'PING'])
        return self.sessions[index]

    def send(self, index: int, commands: list[bytes]) -> None:
        """Send commands, all at once."""
        self.session(index).sendall(b''.join(command + b'\r\n' for command in commands))
        self.asked[index] += len(commands)

    def ask(self, index: int, commands: list[bytes]) -> list[bytes]:
        """Send commands, all at once, and return the lines of their replies."""
        self.send(index, commands)
        return replies(self.sessions[index], len(commands))

    def stored(self) -> set[bytes]:
        """Return the keys that the server has, and forget them."""
        self.server.sendall(b'KEYS *\r\nFLUSHALL\r\n')
        data = b''
        while not data.endswith(b'+OK\r\n'):
            data += self.server.recv(READ)
        return set(data.split(b'\r\n')[2:-2:2])


@contextlib.contextmanager
def bed(daemon: Daemon, server: Any) -> Iterator[Redis]:
    """Be between a client and a server."""
    there = Redis(daemon, server.address)
    there.stored()  # what others have left
    try:
        yield there
    finally:
        there.close()


def pipeline(there: Redis, random: Random) -> Meant:
    """Mean one of 1,000 commands that are sent at once."""
    number = random.randrange(PIPELINED)
    there.session(0)
    with there.proxy.fault('SET key:*', nth=number + 1, kind='busy') as fault:
        exchange = there.asked[0] + number + 1
        found = there.ask(0, [b'SET key:%d v' % at for at in range(PIPELINED)])
    assert [at for at, reply in enumerate(found) if reply != b'+OK'] == [number]
    assert found[number].startswith(BUSY)
    assert there.stored() == {b'key:%d' % at for at in range(PIPELINED) if at != number}
    return meant(there.proxy, fault, PIPELINED, (1, exchange))


def transactions(there: Redis, random: Random) -> Meant:
    """Mean one of the commands of ten transactions, each of ten, that are sent at once: its own is discarded."""
    group, number = random.randrange(GROUPS), random.randrange(QUEUED)
    there.session(0)
    commands = []
    for at in range(GROUPS):
        commands += [b'MULTI', *(b'SET key:%d:%d v' % (at, one) for one in range(QUEUED)), b'EXEC']
    with there.proxy.fault('SET key:?:?', match=f'^SET key:{group}:', stage='queued', nth=number + 1, kind='oom') as fault:
        exchange = there.asked[0] + group * (QUEUED + 2) + 1 + number + 1
        found = there.ask(0, commands)
    for at in range(GROUPS):
        queued = [b'+QUEUED'] * QUEUED
        done = [b'*%d' % QUEUED, *[b'+OK'] * QUEUED]
        if at == group:
            assert found[1 + number].startswith(b'-OOM ')
            assert found.pop(1 + QUEUED).startswith(b'-EXECABORT ')
            found[1 + number], done = b'+QUEUED', []
        expected = [b'+OK', *queued, *done]
        assert found[:len(expected)] == expected
        found = found[len(expected):]
    assert not found
    assert there.stored() == {b'key:%d:%d' % (at, one) for at in range(GROUPS) if at != group for one in range(QUEUED)}
    return meant(there.proxy, fault, QUEUED, (1, exchange))


def sessions(there: Redis, random: Random) -> Meant:
    """Mean one command of one of 50 sessions, which all ask at once, in an order of their own."""
    index, number = random.randrange(SESSIONS), random.randrange(EACH)
    there.session(SESSIONS - 1)
    exchange = there.asked[index] + number + 1
    ways: list[dict[str, Any]] = [
        {'request': f'SET session:{index}:*', 'nth': number + 1}, {'session': index + 1, 'exchange': exchange},
        {'request': f'SET session:{index}:{number}'}, {'request': 'SET session:?:?', 'session': index + 1, 'nth': number + 1}]
    order = random.sample(range(SESSIONS), SESSIONS)
    way = random.choice(ways)
    with there.proxy.fault(kind='busy', **way) as fault:
        for other in order:
            there.send(other, [b'SET session:%d:%d v' % (other, at) for at in range(EACH)])
        found = {other: replies(there.sessions[other], EACH) for other in order}
    assert [(other, at) for other in order for at, reply in enumerate(found[other]) if reply != b'+OK'] == [(index, number)]
    assert found[index][number].startswith(BUSY)
    expected = {b'session:%d:%d' % (other, at) for other in order for at in range(EACH)} - {b'session:%d:%d' % (index, number)}
    assert there.stored() == expected
    return meant(there.proxy, fault, None, (index + 1, exchange))
