"""``vaurien run`` before servers that speak TLS: the program is not changed, verifies as ever, and meets faults inside TLS."""
import http.server
import shutil
import sys
import threading

import pytest

from tests.support.processes import HOST
from tests.support.running import run
from tests.support.servers import DATABASE, PASSWORD, USER
from tests.support.tls import certificates, server_context
from vaurien.net.tls.authority.roots import VARIABLES

CA = certificates().ca


@pytest.fixture(autouse=True)
def nothing_else_is_trusted(monkeypatch, tmp_path):
    """The authority of the tests is trusted where a test says so, and nowhere else."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('HOME', str(tmp_path))


def ran(through, code, *options, language=(sys.executable, '-c'), **variables):
    """Run a program, and return what it printed and what vaurien said."""
    done = run('--through', through, *options, '--', *language, code, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


# -- redis

REDIS = """
import os, redis
client = redis.from_url(os.environ['CACHE'], retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0))
connection = client.connection_pool.get_connection()
print(type(connection).__name__, int(connection.cert_reqs), connection.check_hostname)
client.connection_pool.release(connection)
for _ in range(2):
    try:
        print(client.set('k', 'v'))
    except redis.RedisError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize('query, variables', [(f'?ssl_ca_certs={CA}', {}), ('', {'SSL_CERT_FILE': CA})], ids=['URL', 'variable'])
def test_redis_py_verifies_and_meets_the_servers_own_error(redis_tls_server, query, variables):
    said, told = ran('CACHE', REDIS, '--fault', 'cache: SET * #2 = readonly', CACHE=f'rediss://localhost:{redis_tls_server.port}/0{query}',
                     **variables)
    assert said == ['SSLConnection 2 True', 'True', 'ReadOnlyError']
    assert f'backend tls://localhost:{redis_tls_server.port}, protocol redis' in told


def test_a_backend_that_the_program_would_not_trust_is_not_trusted_in_its_stead(redis_tls_server):
    done = run('--through', 'CACHE', '--', sys.executable, '-c', REDIS, CACHE=f'rediss://localhost:{redis_tls_server.port}/0')
    assert 'ConnectionError' in done.stderr
    assert 'certificate verify failed' in done.stderr


def test_a_program_that_verifies_nothing_is_served_as_without_vaurien(redis_tls_server):
    said, _ = ran('CACHE', REDIS, CACHE=f'rediss://localhost:{redis_tls_server.port}/0?ssl_cert_reqs=none&ssl_check_hostname=False')
    assert said == ['SSLConnection 0 False', 'True', 'True']


# -- postgres

PSYCOPG = """
import os, psycopg
try:
    with psycopg.connect(os.environ['DB']) as connection:
        print(connection.pgconn.ssl_in_use == 1, connection.info.host,
              connection.execute('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()').fetchone()[0])
        connection.execute('SELECT 1')
except psycopg.Error as error:
    print(type(error).__name__)
"""


def postgres(server, query):
    """Return the URL of a server."""
    return f'postgresql://{USER}:{PASSWORD}@localhost:{server.port}/{DATABASE}?{query}'


@pytest.mark.parametrize('query, variables', [
    (f'sslmode=verify-full&sslrootcert={CA}', {}), ('sslmode=verify-full', {'PGSSLROOTCERT': CA}),
    ('sslmode=verify-full&sslrootcert=system', {'SSL_CERT_FILE': CA}), (f'sslmode=verify-ca&sslrootcert={CA}', {}),
    ('sslmode=require', {}),
], ids=['name', 'variable', 'system', 'authority', 'nothing'])
def test_psycopg_verifies_and_meets_the_servers_own_error(postgres_tls_server, query, variables):
    url = postgres(postgres_tls_server, query)
    said, told = ran('DB', PSYCOPG, '--fault', 'db: SELECT 1 = deadlock', DB=url, **variables)
    assert said == ['True 127.0.0.1 True', 'DeadlockDetected']
    assert f'backend tls://localhost:{postgres_tls_server.port}, protocol postgres' in told


@pytest.mark.parametrize('query, refused', [('sslmode=verify-full', True), ('sslmode=verify-ca', False)])
def test_the_name_of_a_backend_is_verified_where_the_program_verifies_it(postgres_tls_server, query, refused):
    url = postgres(postgres_tls_server, query)
    said, told = ran('DB', PSYCOPG, DB=f'{url.replace("localhost", "other.example")}&sslrootcert={CA}&hostaddr={HOST}')
    assert (said == ['OperationalError']) == refused
    assert ('certificate is not valid for' in told or 'mismatch' in told) == refused


def test_libpq_is_told_of_tls_by_variables_too(postgres_tls_server):
    code = 'psql -At -c "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()" -c "SELECT 1"'
    said, told = ran(f'db=localhost:{postgres_tls_server.port}:postgres', code, '--env', 'PGHOST={db.host}',
                     '--env', 'PGPORT={db.port}', '--fault', 'db: SELECT 1 = delay', language=('sh', '-c'),
                     PGSSLMODE='verify-full', PGSSLROOTCERT=CA, PGUSER=USER, PGPASSWORD=PASSWORD, PGDATABASE=DATABASE)
    assert said == ['t', '1']
    assert f'backend tls://localhost:{postgres_tls_server.port}, protocol postgres' in told
    assert 'faults 1: delay 1' in told


# -- mysql

MYSQL = """
import os, sqlalchemy
engine = sqlalchemy.create_engine(os.environ['DB'])
try:
    with engine.connect() as connection:
        inside = connection.connection.dbapi_connection._sock
        print(type(inside).__name__, inside.context.verify_mode.name, inside.context.check_hostname)
        print(connection.exec_driver_sql('SHOW STATUS LIKE "Ssl_version"').fetchone()[1][:4])
        connection.exec_driver_sql('SELECT 1')
except sqlalchemy.exc.DBAPIError as error:
    print(type(error.orig).__name__, error.orig.args[0])
"""


def test_pymysql_verifies_and_meets_the_servers_own_error(mariadb_tls_server):
    said, told = ran('DB', MYSQL, '--fault', 'db: SELECT 1 = deadlock',
                     DB=f'mysql+pymysql://{USER}:{PASSWORD}@localhost:{mariadb_tls_server.port}/{DATABASE}?ssl_ca={CA}')
    assert said == ['SSLSocket CERT_REQUIRED True', 'TLSv', 'OperationalError 1213']
    assert f'backend tls://localhost:{mariadb_tls_server.port}, protocol mysql' in told


# -- smtp

SMTP = """
import os, smtplib, ssl, urllib.parse
place = urllib.parse.urlsplit(os.environ['MAIL'])
with smtplib.SMTP(place.hostname, place.port) as client:
    client.starttls(context=ssl.create_default_context())
    print(client.sock.version()[:3])
    try:
        client.sendmail('a@example.com', ['b@example.com'], 'Subject: x')
    except smtplib.SMTPException as error:
        print(type(error).__name__)
"""


def test_smtplib_verifies_after_starttls_and_meets_the_servers_own_error(smtp_tls_server):
    said, told = ran('MAIL', SMTP, '--fault', 'mail: RCPT * = mailbox-busy', MAIL=f'smtp+tls://localhost:{smtp_tls_server.port}',
                     SSL_CERT_FILE=CA)
    assert said == ['TLS', 'SMTPRecipientsRefused']
    assert f'backend tls://localhost:{smtp_tls_server.port}, protocol smtp' in told


# -- http

class Answering(http.server.BaseHTTPRequestHandler):
    """Answers with the name that it was asked by."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):   # noqa: N802 - the name that the base class looks for
        host = self.headers['Host'].encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(host)))
        self.end_headers()
        self.wfile.write(host)

    def log_message(self, *_):
        pass


@pytest.fixture(scope='module')
def https():
    with http.server.ThreadingHTTPServer((HOST, 0), Answering) as server:
        server.socket = server_context().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


CLIENTS = {
    'urllib': """
import os, urllib.error, urllib.request
for _ in range(2):
    try:
        print(urllib.request.urlopen(os.environ['API']).status)
    except urllib.error.HTTPError as error:
        print(error.code)
""",
    'requests': "import os, requests\nfor _ in range(2): print(requests.get(os.environ['API']).status_code)",
    'httpx': "import os, httpx\nfor _ in range(2): print(httpx.get(os.environ['API']).status_code)",
    'aiohttp': """
import aiohttp, asyncio, os
async def main():
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(os.environ['API']) as response:
                print(response.status)
asyncio.run(main())
""",
    'curl': 'for i in 1 2; do curl -sS -o /dev/null -w "%{http_code}\\n" "$API"; done',
    'node': '(async () => { for (let i = 0; i < 2; i++) console.log((await fetch(process.env.API)).status) })()',
}
LANGUAGES = {'curl': ('sh', '-c'), 'node': ('node', '-e')}


@pytest.mark.parametrize('client', CLIENTS)
def test_clients_of_https_verify_and_meet_a_fault(https, client):
    language = LANGUAGES.get(client, (sys.executable, '-c'))
    if client in LANGUAGES:
        if not shutil.which(client):
            pytest.skip(f'{client} is not installed')
    else:
        pytest.importorskip(client if client != 'urllib' else 'urllib.request')
    said, told = ran('API', CLIENTS[client], '--fault', 'api: GET / #2 = 503', language=language, API=f'https://localhost:{https}/',
                     SSL_CERT_FILE=CA)
    assert said == ['200', '503']
    assert f'backend tls://localhost:{https}, protocol http' in told


# -- what is left, and what is told

LOOKING = """
import os, pathlib, stat, sys
names = sys.argv[1:]
folder = pathlib.Path(os.environ['SSL_CERT_FILE']).parent
print(oct(stat.S_IMODE(folder.stat().st_mode)), sorted({oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}))
print(any(b'PRIVATE' in path.read_bytes() for path in folder.iterdir()))
print([name for name in names if not pathlib.Path(os.environ[name]).is_file()])
print(folder)
"""


def test_no_key_is_in_a_file_while_it_runs_and_nothing_is_left_after_it(redis_tls_server, tmp_path, monkeypatch):
    monkeypatch.setenv('TMPDIR', str(tmp_path / 'run'))
    monkeypatch.setenv('XDG_DATA_HOME', str(tmp_path / 'data'))
    (tmp_path / 'run').mkdir()
    done = run('--through', 'CACHE', '--', sys.executable, '-c', LOOKING, *VARIABLES, CACHE=f'rediss://localhost:{redis_tls_server.port}/0')
    modes, key, missing, folder = done.stdout.splitlines()
    assert (modes, key, missing) == ("0o700 ['0o600']", 'False', '[]')
    assert folder.startswith(str(tmp_path / 'run'))
    assert list((tmp_path / 'run').iterdir()) == []
    assert not (tmp_path / 'data').exists()     # the authority that is kept is another one, and not needed


def test_a_program_without_tls_is_told_of_no_authority(redis_server):
    code = f'import os; print([name for name in {list(VARIABLES)!r} if name in os.environ])'
    assert ran('CACHE', code, CACHE=f'redis://{redis_server.address}/0')[0] == ['[]']


def test_the_runs_authority_is_believed_for_the_names_that_it_stands_for_alone(redis_tls_server):
    code = """
import os, ssl
context = ssl.create_default_context()
print([found['subject'] for found in context.get_ca_certs()])
os.system('openssl x509 -noout -ext nameConstraints -in "$DENO_CERT"')
"""
    done = run('--through', 'CACHE', '--', sys.executable, '-c', code, CACHE=f'rediss://localhost:{redis_tls_server.port}/0')
    found = ' '.join(done.stdout.split())
    assert 'X509v3 Name Constraints: critical Permitted: DNS:localhost IP:127.0.0.1/255.255.255.255' in found
    assert "vaurien's authority of one run" in found


def test_without_what_the_extra_brings_one_line_says_what_there_is_to_do(tmp_path, monkeypatch):
    (tmp_path / 'cryptography.py').write_text('raise ImportError("it is not there")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    done = run('--through', 'CACHE', '--', 'true', CACHE='rediss://localhost:1/0')
    assert (done.returncode, done.stderr) == (2, "vaurien run: --through: 'cache' is not valid, expected :tcp after the name, "
                                                 "which relays its TLS unread; without it: certificates of vaurien's own need "
                                                 'what vaurien[tls] brings: pip install "vaurien[tls]"\n')
    done = run('--through', 'CACHE:tcp', '--quiet', '--', 'sh', '-c', 'echo $CACHE', CACHE='rediss://localhost:1/0')
    assert done.returncode == 0
    assert done.stdout.startswith('rediss://127.0.0.1:')


def test_a_password_cannot_be_bound_to_a_certificate_that_the_server_has_not_got():
    done = run('--through', 'DB', '--', 'true', DB='postgresql://localhost/app?sslmode=verify-full&channel_binding=require')
    assert (done.returncode, done.stderr) == (2, "vaurien run: --through DB: 'postgresql://...' is not valid, expected no "
                                                 'channel_binding=require: the password would be bound to a certificate that the '
                                                 'server has not got; DB:tcp would relay it unread\n')


def test_a_host_that_can_stand_in_no_certificate_is_refused_in_one_line():
    done = run('--through', 'CACHE', '--', 'true', CACHE='rediss://b\u00fc..x:1/0')
    assert (done.returncode, done.stdout, done.stderr.count('\n')) == (2, '', 1)
    assert "--through: 'cache' is not valid, expected a host that can stand in a certificate" in done.stderr


def test_a_backend_without_a_variable_is_named_by_a_url(redis_tls_server):
    code = 'redis-cli --tls --cacert "$SSL_CERT_FILE" -p "$PORT" SET k v; echo "$ALL"'
    done = run('--through', f'cache=rediss://localhost:{redis_tls_server.port}/0', '--env', 'PORT={cache.port}',
               '--env', 'ALL={cache.url}', '--fault', 'cache: SET * = readonly', '--', 'sh', '-c', code, SSL_CERT_FILE=CA)
    assert done.stdout.startswith('READONLY'), done.stderr
    assert 'rediss://127.0.0.1:' in done.stdout
