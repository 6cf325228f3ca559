"""Bytes pass tcp unchanged, in order and in bounded memory: real servers and clients, both ways at full speed, any slicing."""
import hashlib
import os
import re
import socket
import subprocess
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.hosting import child, hosted, spec_for
from tests.support.peers import READ, Backend, connect, read_exactly
from tests.support.processes import program
from tests.support.unit_of_time import MS, PATIENCE

MB = 1024 * 1024
#: [MB] streamed to a client that reads slowly; ``VAURIEN_TEST_STREAM_MB=1024`` is the whole of it
STREAM = int(os.environ.get('VAURIEN_TEST_STREAM_MB', '200'))
#: [s] that both peers stream at full speed; ``VAURIEN_TEST_DUPLEX_S=5`` is the whole of it
DUPLEX = float(os.environ.get('VAURIEN_TEST_DUPLEX_S', '1')) * 1000 * MS


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=6 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_redis_benchmark_runs_through_tcp(redis_server):
    with child(spec_for(redis_server)) as proxy:
        printed = run(program('redis-benchmark'), '-p', str(proxy.port), '-t', 'set,get,lpush,mset', '-n', '4000', '-c', '20',
                      '-P', '4', '-d', '200', '-q')
        assert len(re.findall(r'[\d.]+ requests per second', printed)) == 4
        assert 'Error' not in printed


def test_curl_uploads_200_mb_and_gets_them_back_with_the_same_checksum(nginx_server, tmp_path):
    digest, block = hashlib.sha256(), os.urandom(MB)
    with open(tmp_path / 'up', 'wb') as file:
        for number in range(200):
            block = number.to_bytes(4, 'big') + block[4:]
            digest.update(block)
            file.write(block)
    with child(spec_for(nginx_server)) as proxy:
        url = f'http://127.0.0.1:{proxy.port}/upload/data'
        run(program('curl'), '-sSf', '-T', str(tmp_path / 'up'), url)
        stored = hashlib.sha256((nginx_server.folder / 'www' / 'upload' / 'data').read_bytes())
        assert stored.digest() == digest.digest()
        run(program('curl'), '-sSf', '-o', str(tmp_path / 'down'), url)
        assert hashlib.sha256((tmp_path / 'down').read_bytes()).digest() == digest.digest()
    (nginx_server.folder / 'www' / 'upload' / 'data').unlink()


class Pump(threading.Thread):
    """Sends for some seconds as fast as it can, or reads to the end, and counts."""

    def __init__(self, sock: socket.socket, seconds: float | None = None) -> None:
        super().__init__(daemon=True)
        self.sock, self.seconds = sock, seconds
        self.count, self.digest = 0, hashlib.md5()
        self.start()

    def run(self) -> None:
        if self.seconds is None:
            while data := self.sock.recv(READ):
                self.take(data)
            return
        block, end, number = bytes(range(256)) * 1024, time.monotonic() + self.seconds, 0
        while time.monotonic() < end:
            data = number.to_bytes(8, 'big') + block
            self.sock.sendall(data)
            self.take(data)
            number += 1
        self.sock.shutdown(socket.SHUT_WR)

    def take(self, data: bytes) -> None:
        self.count += len(data)
        self.digest.update(data)

    def result(self) -> tuple[int, str]:
        self.join(DUPLEX + 3 * PATIENCE)
        assert not self.is_alive(), f'stuck after {self.count} bytes'
        return self.count, self.digest.hexdigest()


@pytest.mark.parametrize('splice', [True, False])
def test_both_peers_streaming_at_full_speed_do_not_deadlock(splice, monkeypatch):
    monkeypatch.setattr('vaurien.net.pipe.available', splice)
    pumps: dict[str, Pump] = {}

    def stream(sock):
        pumps.update(sent_back=Pump(sock, DUPLEX), arrived=Pump(sock))
        for pump in list(pumps.values()):
            pump.join(DUPLEX + 3 * PATIENCE)
    spec = {'protocol_settings': {'keep_alive': True}}
    with Backend(stream) as backend, hosted(spec_for(backend, **spec)) as host, connect(host.port) as client:
        sent, came = Pump(client, DUPLEX), Pump(client)
        assert sent.result() == pumps['arrived'].result()
        assert came.result() == pumps['sent_back'].result()
        assert min(sent.count, came.count) > MB


def test_many_bulk_sessions_at_once_arrive_whole(echo_server):
    size = 3 * MB + 17

    def session(port: int, seed: int, results: list[bool]) -> None:
        data = hashlib.shake_256(seed.to_bytes(2, 'big')).digest(size)
        with connect(port) as sock:
            sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
            sender.start()
            came = read_exactly(sock, size)
            sender.join()
            results.append(came == data and sock.recv(1) == b'')
    with child(spec_for(echo_server)) as proxy:
        results: list[bool] = []
        threads = [threading.Thread(target=session, args=(proxy.port, seed, results)) for seed in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(3 * PATIENCE)
        assert results == [True] * 12


def test_memory_is_bounded_while_a_client_reads_slowly():
    """The stream is far larger than the bound, and the client far slower than the backend."""
    block = bytes(MB)

    def flood(sock):
        for _ in range(STREAM):
            sock.sendall(block)
    with Backend(flood) as backend, child(spec_for(backend)) as proxy:
        before = proxy.state()['rss']
        with connect(proxy.port) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MB)
            count = 0
            while count < STREAM * MB:
                data = client.recv(MB)
                assert data, f'{count} bytes came'
                count += len(data)
                if count < 20 * MB:
                    time.sleep(5 * MS)
        assert proxy.state()['peak'] - before < 8 * MB


def test_memory_is_bounded_while_many_clients_do_not_read():
    def flood(sock):
        while True:
            sock.sendall(bytes(MB))
    with Backend(flood) as backend, child(spec_for(backend)) as proxy:
        before = proxy.state()['rss']
        clients = [connect(proxy.port) for _ in range(20)]
        time.sleep(300 * MS)
        assert proxy.state()['rss'] - before < 20 * MB
        for client in clients:
            client.close()


chunks = st.lists(st.binary(max_size=2000) | st.integers(1, 600_000).map(lambda size: b'%d,' % size * (size // 7 + 1)),
                  max_size=6)


@pytest.fixture(scope='module', params=['splice', 'copy'])
def relay(request):
    """Run a proxy, with and without splice; give its port, and what the backend is to do next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vaurien.net.pipe.available', request.param == 'splice')
        turns: list[tuple[list[bytes], float]] = []
        arrived: list[bytes] = []

        def converse(sock):
            answers, pause = turns.pop()
            reader = Slow(sock, pause)
            for chunk in answers:
                sock.sendall(chunk)
            sock.shutdown(socket.SHUT_WR)
            arrived.append(reader.result())
        with Backend(converse) as backend, hosted(spec_for(backend, protocol_settings={'keep_alive': True})) as host:
            yield host, turns, arrived


class Slow(threading.Thread):
    """Reads to the end, with a pause before each of the first reads."""

    def __init__(self, sock: socket.socket, pause: float) -> None:
        super().__init__(daemon=True)
        self.sock, self.pause, self.data = sock, pause, bytearray()
        self.start()

    def run(self) -> None:
        for number in range(1_000_000):
            if number < 5:
                time.sleep(self.pause)
            data = self.sock.recv(READ if number else 100)
            if not data:
                return
            self.data += data

    def result(self) -> bytes:
        self.join(2 * PATIENCE)
        assert not self.is_alive()
        return bytes(self.data)


@settings(max_examples=60)
@given(asked=chunks, answered=chunks, client_pause=st.sampled_from([0, 3 * MS]), backend_pause=st.sampled_from([0, 3 * MS]))
def test_any_chunking_of_any_bytes_both_ways_arrives_whole_and_in_order(relay, asked, answered, client_pause, backend_pause):
    host, turns, arrived = relay
    arrived.clear()
    turns.append((answered, backend_pause))
    with connect(host.port) as client:
        reader = Slow(client, client_pause)
        for chunk in asked:
            client.sendall(chunk)
        client.shutdown(socket.SHUT_WR)
        assert reader.result() == b''.join(answered)
    host.wait_idle()
    while not arrived:
        time.sleep(MS)
    assert arrived == [b''.join(asked)]


def test_echo_of_single_bytes_keeps_order(echo_server):
    data = hashlib.shake_256(b'single').digest(3000)
    with hosted(spec_for(echo_server)) as host, connect(host.port) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(data)):
            client.send(data[at:at + 1])
        assert read_exactly(client, len(data)) == data
