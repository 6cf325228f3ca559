"""Real servers for tests and benchmarks, each a context manager that gives a ``Server``: port, folder, process.

Knows nothing of vaurien, of pytest and of any client library: a server is ready when it has answered on its own wire.
``MissingServer`` says that this machine has not got the program.
"""
import contextlib
import os
import shutil
import signal
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .peers import connect, free_port, read_exactly
from .processes import HOST, START, MissingServer, Server, folder, once, program, run, says, serving, unprivileged
from .tls import Certificates, certificates, client_context, server_context
from .websocket_servers import websocket_node_server as websocket_node_server
from .websocket_servers import websocket_server as websocket_server

USER, PASSWORD, DATABASE = 'vaurien', 'secret', 'vaurien'


@contextlib.contextmanager
def redis_server(*arguments: str, port: int | None = None) -> Iterator[Server]:
    """Run redis-server, empty, keeping nothing on disk.

    Args:
        arguments: More of its command line, as ``'--requirepass', 'x'``.
        port: Where it listens; None: at a free one.
    """
    path = program('redis-server')
    settings = ('--bind', HOST, '--save', '', '--appendonly', 'no', '--loglevel', 'warning',
                '--enable-debug-command', 'yes', *arguments)
    with folder() as where, serving('redis', where, lambda port: (path, *settings, '--port', str(port)),
                                    says(b'PING\r\n', b'+PONG', b'-NOAUTH'), port=port) as server:
        yield server


@contextlib.contextmanager
def memcached_server(*arguments: str) -> Iterator[Server]:
    """Run memcached; it speaks its text, meta and binary protocols."""
    path, account = program('memcached'), unprivileged('memcache')
    with folder(account) as where, serving(
            'memcached', where, lambda port: (path, '-l', HOST, '-p', str(port), '-U', '0', '-m', '64', *arguments),
            says(b'version\r\n', b'VERSION', b'CLIENT_ERROR'), account,
            last=signal.SIGKILL) as server:     # it sees SIGTERM at the next tick of its clock only, once a second
        yield server


NGINX = """
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    default_type text/plain;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 3600s;
    sendfile on;
    tcp_nopush on;
    limit_req_zone $uri zone=few:64k rate=1r/m;
    server {{
        listen {host}:{port} backlog=4096{tls};
        listen unix:{folder}/http2.socket http2;  # HTTP/2 by prior knowledge
        root {folder}/www;
        location / {{ }}
        location /upload/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
        location /chunked/ {{ alias {folder}/www/; ssi on; ssi_types *; }}  # the same files, Transfer-Encoding: chunked
        location /accept {{ return 200 "accepted\\n"; }}  # any method, any body
        location = /host {{ return 200 $http_host; }}  # what the Host header said
        location = /moved {{ return 302 /; }}
        location = /empty {{ return 204; }}
        location /last/ {{ alias {folder}/www/; keepalive_timeout 0; }}  # the same files, Connection: close
        location /limited/ {{ alias {folder}/www/; limit_req zone=few; }}  # the same files, each once a minute, else 503
        location /throttled/ {{ alias {folder}/www/; limit_req zone=few; limit_req_status 429; }}  # else 429
        location = /cycle {{ rewrite ^ /cycle last; }}  # 500
        location = /unable {{ return 501; }}
        location = /unchunked {{ add_header Transfer-Encoding chunked; return 200 "no chunks\r\n"; }}
        location = /nothing {{ return 444; }}  # closes without a byte
        location ~ ^/via/([0-9]+)/ {{  # what the server at this port of 127.0.0.1 answers
            proxy_pass http://127.0.0.1:$1;
            proxy_http_version 1.1;
        }}
        location ~ ^/soon/([0-9]+)/ {{  # the same, if it answers soon
            proxy_pass http://127.0.0.1:$1;
            proxy_read_timeout 100ms;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx_server(connections: int = 4096, files: Sequence[str] = ()) -> Iterator[Server]:
    """Run nginx with the folder ``www`` of its folder; see ``NGINX`` for its locations.

    Args:
        connections: How many it takes at once.
        files: Of its certificate and its key: it speaks TLS; none: it does not.
    """
    tls = ' ssl;\n        ssl_certificate {};\n        ssl_certificate_key {}'.format(*files) if files else ''
    path = program('nginx')
    user = 'user root root;' if os.getuid() == 0 else ''
    with folder() as where:
        (where / 'www' / 'upload').mkdir(parents=True)
        (where / 'www' / 'index.html').write_text('<h1>It works</h1>\n')

        def command(port: int) -> Sequence[str]:
            settings = NGINX.format(user=user, folder=where, host=HOST, port=port, connections=connections,
                                    files=2 * connections, tls=tls)
            (where / 'nginx.conf').write_text(settings)
            return path, '-p', str(where), '-e', 'stderr', '-c', str(where / 'nginx.conf')

        expected = b'HTTP/1.1 400' if files else b'HTTP/1.1 200'    # in the clear it refuses
        with serving('nginx', where, command, says(b'GET / HTTP/1.0\r\n\r\n', expected)) as server:
            yield server


@contextlib.contextmanager
def nghttpd_server(*arguments: str) -> Iterator[Server]:
    """Run nghttpd, which speaks HTTP/2 by prior knowledge, with the folder ``www`` of its folder.

    Args:
        arguments: More of its command line, as ``'--echo-upload'``.
    """
    path = program('nghttpd')
    with folder() as where:
        (where / 'www').mkdir()
        (where / 'www' / 'index.html').write_text('<h1>It works</h1>\n')
        settings = '--no-tls', '--address', HOST, '--htdocs', str(where / 'www'), *arguments
        greeting = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4' + bytes(5)
        with serving('nghttpd', where, lambda port: (path, *settings, str(port)), says(greeting, b'\0\0')) as server:
            yield server


#: Run by MariaDB before it listens. The rights are all, so that tests may KILL, LOCK and SET GLOBAL.
MARIADB = f"""
CREATE DATABASE {DATABASE};
CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;
"""


@contextlib.contextmanager
def grpc_server() -> Iterator[Any]:
    """Run a server of gRPC, of this process."""
    from .grpc_peers import server  # it takes its time, and few need it
    with server() as running:
        yield running


@contextlib.contextmanager
def mariadb_server(*arguments: str) -> Iterator[Server]:
    """Run MariaDB with the user ``USER``, its ``PASSWORD`` and an empty ``DATABASE``; nothing is made safe on disk."""
    path, install = program('mariadbd', 'mysqld'), program('mariadb-install-db', 'mysql_install_db')
    account = unprivileged('mysql')
    with folder(account) as where:
        data, first = where / 'data', where / 'first.sql'
        first.write_text(MARIADB)
        small = ('--no-defaults', f'--datadir={data}', '--innodb-log-file-size=4M', '--innodb-buffer-pool-size=16M',
                 '--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--aria-log-file-size=8M')
        once('mariadb', data, lambda: run(
            [install, *small, '--auth-root-authentication-method=normal', '--skip-test-db'], where, account))

        def command(port: int) -> Sequence[str]:
            return (path, *small, f'--socket={where}/socket', f'--pid-file={where}/pid',
                    f'--bind-address={HOST}', f'--port={port}', '--skip-name-resolve', '--skip-log-bin',
                    f'--init-file={first}', *arguments)

        with serving('mariadb', where, command, greets, account, last=signal.SIGKILL) as server:
            yield server


def greets(port: int) -> bool:
    """Return whether a MySQL server sends its greeting: packet 0, protocol 10 ("Protocol::HandshakeV10")."""
    with connect(port) as sock:
        header = read_exactly(sock, 5)
        return header[3:] == b'\x00\x0a'


@contextlib.contextmanager
def postgres_server(*arguments: str) -> Iterator[Server]:
    """Run PostgreSQL with the superuser ``USER``, its ``PASSWORD`` and an empty ``DATABASE``.

    The password is asked for as SCRAM-SHA-256. Nothing is made safe on disk.
    """
    path, initdb = program('postgres'), program('initdb')
    account = unprivileged('postgres')
    with folder(account) as where:
        data, password = where / 'data', where / 'password'
        password.write_text(PASSWORD)
        password.chmod(0o644)

        def make() -> None:
            run([initdb, '-D', str(data), '-U', USER, f'--pwfile={password}', '-A', 'scram-sha-256', '-E', 'UTF8',
                 '--locale=C', '--no-sync'], where, account)
            run([path, '--single', '-D', str(data), 'postgres'], where, account, f'CREATE DATABASE {DATABASE}\n')
        once('postgres', data, make)
        fast = ('-D', str(data), '-h', HOST, '-F', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off',
                '-c', 'shared_buffers=16MB', '-c', f'unix_socket_directories={where}')
        with serving('postgres', where, lambda port: (path, *fast, '-p', str(port), *arguments), asks_for_password,
                     account, last=signal.SIGQUIT) as server:       # SIGTERM waits for clients, and may do so after a crash, too
            yield server


def asks_for_password(port: int) -> bool:
    """Return whether PostgreSQL asks for a password after a StartupMessage; while it starts it answers an error."""
    body = struct.pack('!I', 3 << 16) + f'user\0{USER}\0database\0{DATABASE}\0\0'.encode()   # protocol 3.0
    with connect(port) as sock:
        sock.sendall(struct.pack('!I', len(body) + 4) + body)
        return read_exactly(sock, 1) == b'R'


class Mailbox(NamedTuple):
    """A running SMTP server and what it has been given.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        messages: The envelopes received, in order: ``mail_from``, ``rcpt_tos``, ``content`` (bytes).
    """

    port: int
    messages: list[Any]

    @property
    def address(self) -> str:
        """The address as vaurien's command line takes it."""
        return f'{HOST}:{self.port}'

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message; aiosmtpd calls it."""
        self.messages.append(envelope)
        return '250 OK'


@contextlib.contextmanager
def certificate() -> Iterator[tuple[str, str]]:
    """Give the paths of a new certificate for ``HOST``, signed by itself, and of its key."""
    path = program('openssl')
    with folder() as where:
        files = str(where / 'certificate.pem'), str(where / 'key.pem')
        run([path, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
             '-subj', f'/CN={HOST}', '-addext', f'subjectAltName=IP:{HOST}', '-out', files[0], '-keyout', files[1]], where)
        yield files


@contextlib.contextmanager
def secure_smtp_server(**settings: Any) -> Iterator[Mailbox]:
    """Run aiosmtpd with STARTTLS, and with AUTH PLAIN for ``USER`` and his ``PASSWORD``, which also goes without TLS.

    Args:
        settings: As for ``smtp_server``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with certificate() as files:
        context.load_cert_chain(*files)
    with smtp_server(**{'tls_context': context, 'authenticator': knows, 'auth_require_tls': False,
                        'auth_exclude_mechanism': ['LOGIN'], **settings}) as mailbox:
        yield mailbox


def knows(server: object, session: object, envelope: object, mechanism: str, credentials: Any) -> Any:
    """Return whether somebody is ``USER``; aiosmtpd calls it."""
    from aiosmtpd.smtp import AuthResult
    return AuthResult(success=tuple(credentials) == (USER.encode(), PASSWORD.encode()), handled=False)


@contextlib.contextmanager
def smtp_server(**settings: Any) -> Iterator[Mailbox]:
    """Run aiosmtpd in a thread.

    Args:
        settings: Of its ``Controller``, as ``auth_required=True`` with an ``authenticator``; and ``mailbox``, a kind of
            ``Mailbox`` with more of aiosmtpd's hooks.
    """
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        raise MissingServer('there is no aiosmtpd in this environment') from None
    mailbox = settings.pop('mailbox', Mailbox)(free_port(), [])
    controller = Controller(mailbox, hostname=HOST, port=mailbox.port, ready_timeout=START, **settings)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


# -- inside TLS, with certificates of the tests' authority

@contextlib.contextmanager
def files_for(account: str | None = None) -> Iterator[Certificates]:
    """Give copies of the tests' certificates that a server can read which runs under another account, and as strict as it wants.

    Args:
        account: Whose they are; None: ours.
    """
    with folder(account) as where:
        def copy(path: str) -> str:
            there = str(where / Path(path).name)
            shutil.copyfile(path, there)
            os.chmod(there, 0o600)
            if account:
                shutil.chown(there, account)
            return there
        ca, cert, key = map(copy, certificates()[:3])
        yield Certificates(ca, cert, key, where)


@contextlib.contextmanager
def redis_tls_server() -> Iterator[Server]:
    """Run Redis with TLS, which takes no clients in the clear."""
    files, path = certificates(), program('redis-server')

    def command(port: int) -> tuple[str, ...]:
        return (path, '--bind', HOST, '--save', '', '--port', '0', '--tls-port', str(port), '--tls-cert-file', files.cert,
                '--tls-key-file', files.key, '--tls-ca-cert-file', files.ca, '--tls-auth-clients', 'optional')
    with folder() as where, serving('redis', where, command, speaks_tls) as server:
        yield server


def speaks_tls(port: int) -> bool:
    """Return whether a server ends a handshake."""
    with socket.create_connection((HOST, port)) as sock, \
            client_context().wrap_socket(sock, server_hostname='localhost') as inside:
        return inside.version() is not None


@contextlib.contextmanager
def postgres_tls_server() -> Iterator[Server]:
    """Run PostgreSQL with TLS, which takes clients in the clear too."""
    with files_for(unprivileged('postgres')) as files, postgres_server(
            '-c', 'ssl=on', '-c', f'ssl_cert_file={files.cert}', '-c', f'ssl_key_file={files.key}') as server:
        yield server


@contextlib.contextmanager
def mariadb_tls_server() -> Iterator[Server]:
    """Run MariaDB with TLS, which takes clients in the clear too."""
    with files_for(unprivileged('mysql')) as files, mariadb_server(
            f'--ssl-cert={files.cert}', f'--ssl-key={files.key}') as server:
        yield server


@contextlib.contextmanager
def smtp_tls_server() -> Iterator[Mailbox]:
    """Run aiosmtpd with STARTTLS and AUTH, which takes clients in the clear too."""
    with secure_smtp_server(tls_context=server_context()) as mailbox:
        yield mailbox
