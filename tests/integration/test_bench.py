"""``python -m bench``: contenders of each kind are measured; Toxiproxy by a stand-in that has its command line and its API."""
import csv
import json
import re
import shutil
import sys

import pytest

from bench import __main__ as command
from bench import instructions, toxiproxy
from bench.contenders import CONTENDERS
from bench.kinds import Relay
from bench.loads import BACKENDS, QUESTIONS, asking
from bench.machine import counting
from bench.report import history
from tests.support.peers import ask, connect, echo_server

#: has the command line of toxiproxy-server 2.12, takes a file of proxies and a toxic by its API, and relays bytes
STAND_IN = f'''#!{sys.executable}
import argparse, http.server, json, os, socket, threading
parser = argparse.ArgumentParser(allow_abbrev=False)
for flag in '-host', '-port', '-config':
    parser.add_argument(flag)
told = parser.parse_args()
assert os.environ['LOG_LEVEL'] == 'error'
proxy, = json.load(open(told.config))
assert proxy['enabled']
def listening(address):
    host, port = address.rsplit(':', 1)
    return socket.create_server((host, int(port)))
def pump(source, dest):
    while data := source.recv(65536):
        dest.sendall(data)
    dest.shutdown(socket.SHUT_WR)
def serve(listener):
    while True:
        client, _ = listener.accept()
        host, port = proxy['upstream'].rsplit(':', 1)
        backend = socket.create_connection((host, int(port)))
        for pair in (client, backend), (backend, client):
            threading.Thread(target=pump, args=pair, daemon=True).start()
class Api(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        toxic = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        good = self.path == '/proxies/' + proxy['name'] + '/toxics' and toxic['type'] == 'latency' and toxic['attributes']
        body = json.dumps(toxic if good else {{'error': 'invalid toxic type', 'status': 400}}).encode()
        self.send_response(200 if good else 400)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
api = http.server.HTTPServer((told.host, int(told.port)), Api)
threading.Thread(target=serve, args=(listening(proxy['listen']),), daemon=True).start()
api.serve_forever()
'''


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    path = tmp_path / toxiproxy.SERVER
    path.write_text(STAND_IN)
    path.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=':')


def run(monkeypatch, tmp_path, *words):
    monkeypatch.setattr(sys, 'argv', ['bench', '--quick', '--json', str(tmp_path / 'out.json'), *words])
    monkeypatch.setattr(command, 'LOOK', 0)
    monkeypatch.setattr(command.signal, 'signal', lambda *_: None)
    return command.main()


@pytest.mark.usefixtures('stand_in')
def test_toxiproxy_relays_beside_us_where_it_is_on_the_path(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(history, 'PATH', tmp_path / 'history.csv')
    monkeypatch.setattr(history.keep, '__defaults__', (tmp_path / 'history.csv',))
    monkeypatch.setattr(command, 'QUICK', 0.02)
    wanted = ('vaurien', 'vaurien smtp', 'toxiproxy', 'smtp')
    assert run(monkeypatch, tmp_path, '--keep', *(word for name in wanted for word in ('--only', name))) == 0
    printed = capsys.readouterr().out
    assert 'x toxiproxy' in printed
    assert 'without Toxiproxy' not in printed
    rows = json.loads((tmp_path / 'out.json').read_text())['rows']
    assert all(rows[name]['smtp']['req/s']['median'] > 0 for name in wanted[:3])
    with (tmp_path / 'history.csv').open(newline='') as file:
        kept = {(line['contender'], line['beside']) for line in csv.DictReader(file)}
    assert kept == {('vaurien', 'toxiproxy'), ('vaurien smtp', 'toxiproxy'), ('vaurien smtp', 'vaurien')}


@pytest.mark.usefixtures('stand_in')
def test_toxiproxy_gets_its_toxics_and_one_that_it_refuses_is_named():
    with echo_server() as backend:
        address = f'127.0.0.1:{backend.port}'
        with toxiproxy.toxiproxy([('latency', {'latency': 1})])(address) as relay, connect(relay.port) as sock:
            assert ask(sock, b'x') == b'x'
        with pytest.raises(RuntimeError, match='toxiproxy takes no sloth: 400 .*invalid toxic type'), \
                toxiproxy.toxiproxy([('sloth', {})])(address):
            pass


def test_each_measurement_is_told_as_it_begins_with_its_round_and_the_time_so_far(monkeypatch, capsys):
    told = []

    def measured(measurement, relay, scale):
        told.extend(capsys.readouterr().err.splitlines())
        return {column.key: 1 for column in measurement.columns}
    monkeypatch.setattr(command, 'measure', measured)
    contenders, measurements = command.chosen(['vaurien', 'haproxy', 'redis x16', 'idle'], [], None)
    relays = {(one.name, group.name): Relay(1, None) for one in contenders for group in measurements}
    command.run(contenders, measurements, relays, 2, 1)
    assert [re.sub(r'after \d+ s', 'after N s', line) for line in told] == [
        'round 1 of 2: redis x16 (after N s)', 'round 1 of 2: idle (after N s)', 'round 2 of 2: redis x16 (after N s)']


def test_without_toxiproxy_its_rows_are_left_out_and_asked_for_one_says_why(monkeypatch):
    monkeypatch.setattr(command.shutil, 'which', lambda name: None)
    contenders, _ = command.chosen([], [], None)
    assert {one.name for one in CONTENDERS if not one.needs} == {one.name for one in contenders}
    with pytest.raises(SystemExit, match='--only toxiproxy: there is no toxiproxy-server on the path'):
        command.chosen(['toxiproxy'], [], None)


@pytest.mark.parametrize('name', ['smtp', 'websocket'])
def test_backends_of_our_own_answer_whole_requests(name):
    question = QUESTIONS[name]
    with BACKENDS[name]() as backend:
        relay = Relay(int(backend.address.rpartition(':')[2]), None)
        for depth in (1, 16):
            load = asking(question.text, question.end, 4, 400, depth, question.login)
            assert load(relay, 1.0)['count'] == 400


@pytest.mark.skipif(not shutil.which('valgrind'), reason='there is no valgrind on this machine')
def test_callgrind_counts_the_same_again():
    counter = counting.Callgrind(shutil.which('valgrind'), shutil.which('callgrind_control'))
    question = QUESTIONS['smtp']
    with BACKENDS['smtp']() as backend:
        one, two = (instructions.per_request(counter, instructions.PURE, 'smtp', question, backend.address, 0.05)
                    for _ in range(2))
    assert 10_000 < one < 1_000_000
    assert two == pytest.approx(one, rel=0.1)
    assert 'x' not in instructions.table({'smtp': {'vaurien': one}}, counter)
    assert ' x 0.50' in instructions.table({'smtp': {'vaurien': one, 'other': one / 2}}, counter)
