"""``vaurien explore`` before servers that speak TLS: handshakes fail too, and what a program makes of that is found."""
import json
import re
import subprocess
import sys

from tests.integration.test_explore import PLAIN, PYTEST, explore
from tests.support.daemon import environment
from tests.support.https_server import API, https_server
from tests.support.tls import certificates
from tests.support.unit_of_time import MS, PATIENCE

CA = certificates().ca
#: [seconds] that a test may take
LIMIT = str(1000 * MS)
PUT = """
import os, redis
from redis.backoff import NoBackoff
from redis.retry import Retry
queue = redis.Redis.from_url(os.environ['QUEUE_URL'], retry=Retry(NoBackoff(), 0), {})
queue.rpush('jobs', 'a')
"""
#: longer than a test may take
WAITS = PUT.format(f'socket_timeout={2000 * MS}')
MENDED = PUT.format(f'socket_timeout={300 * MS}, socket_connect_timeout={300 * MS}')
BLIND = PUT.format(f"ssl_cert_reqs='none', ssl_check_hostname=False, socket_timeout={1000 * MS}")
SHOP = """
import os, ssl, urllib.request


def test_a_charge():
    try:
        answer = urllib.request.urlopen('https://{}/v1/charges', timeout={}).read()
    except {}:
        answer = None
    assert b'charges' in answer
"""


def explored(folder, program, server, *options):
    """Explore a program with the handshakes of one backend alone, and return what the report says, by verdict."""
    (folder / 'jobs.py').write_text(program)
    done = explore(folder, '--through', 'QUEUE_URL', '--limit', LIMIT, '--only', 'handshake*', '--fresh', '--json', 'report.json',
                   *options, '--', sys.executable, 'jobs.py', QUEUE_URL=f'rediss://localhost:{server.port}/0', SSL_CERT_FILE=CA)
    assert 'Traceback' not in done.stderr, done.stderr
    return findings(folder), done


def findings(folder):
    report = json.loads((folder / 'report.json').read_text())
    return {(one['verdict'], one['level'], one['class'], one['mode']): one for one in report['findings']}


def shown_again(folder, line, **variables):
    """Run the command line that a finding ends with, and return what vaurien said."""
    return subprocess.run(['/bin/sh', '-c', f'{sys.executable} -m {line}'], cwd=folder, timeout=PATIENCE, check=False, text=True,
                          env={**environment(), **variables}, capture_output=True).stderr


def test_a_program_that_waits_too_long_in_a_handshake_is_found_and_its_mended_twin_is_not(redis_tls_server, tmp_path):
    found, done = explored(tmp_path, WAITS, redis_tls_server, '--classes', 'D')
    assert ('hang', 'FAIL', 'D', 'once') in found, done.stdout
    assert done.returncode == 1
    line = found['hang', 'FAIL', 'D', 'once']['again']
    assert 'handshake = handshake-hang' in line
    assert 'error handshake-hang handshake' in shown_again(
        tmp_path, line, QUEUE_URL=f'rediss://localhost:{redis_tls_server.port}/0', SSL_CERT_FILE=CA)
    mended, done = explored(tmp_path, MENDED, redis_tls_server)
    assert {one for one in mended if one[1] == 'FAIL'} == set(), done.stdout
    assert done.returncode == 0


def test_a_program_that_verifies_nothing_is_told_of(redis_tls_server, tmp_path):
    found, _ = explored(tmp_path, BLIND, redis_tls_server, '--classes', 'B')
    one = found['silent-success', 'WARN', 'B', 'once']
    assert 'handshake = expired-certificate' in one['again']


def test_where_tls_is_relayed_unread_its_handshakes_are_seen(redis_tls_server, tmp_path):
    done = explore(tmp_path, '--through', 'QUEUE_URL:tcp', '--list', '--', sys.executable, '-c', MENDED, SSL_CERT_FILE=CA,
                   QUEUE_URL=f'rediss://localhost:{redis_tls_server.port}/0')
    assert re.search(r'\bqueue_url +handshake +A\* A F D B +in 1 test$', done.stdout, re.M), done.stdout


def test_a_program_that_does_not_survive_an_expired_certificate_of_an_api_is_found(tmp_path):
    with https_server(tmp_path) as port:
        def tried(caught):
            (tmp_path / 'test_jobs.py').write_text(SHOP.format(API, 1000 * MS, caught))
            return explore(tmp_path, '--intercept', f'{API}=127.0.0.1:{port}', '--tls-backend-ca', CA, '--limit', LIMIT, '--only',
                           f'handshake {API}', '--classes', 'B', '--fresh', '--json', 'report.json', '--', *PYTEST, **PLAIN)
        done = tried('OSError')
        assert done.returncode == 1, done.stdout + done.stderr
        one = findings(tmp_path)['wrong-error', 'FAIL', 'B', 'once']
        assert f'handshake {API} = expired-certificate' in one['again']
        assert f'error expired-certificate handshake {API}' in shown_again(tmp_path, one['again'], **PLAIN)
        done = tried('ValueError')      # the error reaches the test, and tells of what was wrong
        assert (findings(tmp_path), done.returncode) == ({}, 0)
