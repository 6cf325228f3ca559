"""A server of HTTPS for names that no DNS has: what it was asked, and a repository of git. Knows nothing of vaurien."""
import contextlib
import http.server
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .processes import program
from .tls import authority

API, OTHER = 'api.example.test', 'other.example.test'


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; below ``/git/`` git's own program answers."""

    protocol_version = 'HTTP/1.1'
    folder: Path

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.path.startswith('/git/'):
            self._git(body)
            return
        said = json.dumps({'path': self.path, 'host': self.headers['Host'], 'method': self.command}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self._end(said)

    do_POST = do_PUT = do_GET

    def _end(self, body: bytes) -> None:
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _git(self, body: bytes) -> None:
        """Answer as git-http-backend(1) says, which is a program of CGI (RFC 3875)."""
        path, _, query = self.path.partition('?')
        environ = {**os.environ, 'GIT_PROJECT_ROOT': str(self.folder), 'GIT_HTTP_EXPORT_ALL': '1',
                   'REQUEST_METHOD': self.command, 'PATH_INFO': path.removeprefix('/git'), 'QUERY_STRING': query,
                   'CONTENT_TYPE': self.headers.get('Content-Type', ''), 'CONTENT_LENGTH': str(len(body)),
                   'HTTP_CONTENT_ENCODING': self.headers.get('Content-Encoding', '')}
        done = subprocess.run([program('git'), 'http-backend'], env=environ, input=body, capture_output=True, check=True)
        head, _, said = done.stdout.partition(b'\r\n\r\n')
        fields = dict(line.split(': ', 1) for line in head.decode().split('\r\n'))
        self.send_response(int(fields.pop('Status', '200')[:3]))
        for name, value in fields.items():
            self.send_header(name, value)
        self._end(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def https_server(folder: Path) -> Iterator[int]:
    """Run one for ``API`` and ``OTHER``, and give its port.

    Args:
        folder: Has repositories of git.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(API, OTHER).configure_cert(context)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), type('Here', (Handler,), {'folder': folder}))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_repository(folder: Path) -> None:
    """Make ``project.git`` in a folder, with one commit."""
    git, where = program('git'), folder / 'project.git'
    environ = {**os.environ, 'GIT_CONFIG_GLOBAL': os.devnull, 'GIT_CONFIG_SYSTEM': os.devnull}
    for name in ('AUTHOR', 'COMMITTER'):
        environ |= {f'GIT_{name}_NAME': 'test', f'GIT_{name}_EMAIL': 'test@example.test'}
    work = folder / 'work'
    for command in (['init', '-q', str(work)], ['-C', str(work), 'commit', '-q', '--allow-empty', '-m', 'first'],
                    ['clone', '-q', '--bare', str(work), str(where)]):
        subprocess.run([git, *command], env=environ, check=True)
