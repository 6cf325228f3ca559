"""Who is compared: a table. Knows how to start each in front of a backend, and nothing of what is measured."""
import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.daemon import daemon
from tests.support.processes import HOST, folder, program, serving
from tests.support.tls import certificates

from .kinds import Contender, Relay, Start, accepts
from .toxiproxy import SERVER, toxiproxy


def port_of(address: str) -> int:
    """Return the port of an address."""
    return int(address.rpartition(':')[2])


@contextlib.contextmanager
def direct(address: str) -> Iterator[Relay]:
    """Put nothing in between."""
    yield Relay(port_of(address), None)


def vaurien(*arguments: str, tls: bool = False) -> Start:
    """Make a ``start`` for vaurien with more of its command line; ``{folder}`` in it is one of its own."""
    @contextlib.contextmanager
    def start(address: str) -> Iterator[Relay]:
        where_to = ('--backend', f'tls://{address}', '--proxy', f'tls://{HOST}:0', *tls_arguments()) if tls \
            else ('--backend', address)
        with folder() as where, daemon(*where_to, *(one.format(folder=where) for one in arguments)) as running:
            yield Relay(running.port, running.pid)
    return start


def tls_arguments() -> tuple[str, ...]:
    """Return what vaurien is told where it speaks TLS on both sides."""
    cert, key = certificates().files
    return '--tls-cert', cert, '--tls-key', key, '--no-tls-verify'


def command(name: str, line: str, settings: str = '') -> Start:
    """Make a ``start`` for any program.

    Args:
        name: What it is.
        line: Its command line, with ``{port}``, ``{backend}``, ``{backend_port}`` and ``{folder}`` to be filled in.
        settings: The text of the file ``{folder}/settings``, with the same to be filled in.
    """
    @contextlib.contextmanager
    def start(address: str) -> Iterator[Relay]:
        with folder() as where:
            def fill(port: int) -> Sequence[str]:
                words = {'port': port, 'backend': address, 'backend_port': port_of(address), 'folder': where}
                if settings:
                    cert, key = (Path(file).read_text() for file in certificates().files)
                    (where / 'pem').write_text(cert + key)
                (where / 'settings').write_text(settings.format(**words))
                first, *rest = shlex.split(line.format(**words))
                return first if os.path.isabs(first) else program(first), *rest

            with serving(name, where, fill, accepts) as running:
                yield Relay(running.port, running.pid)
    return start


#: Where nginx's module for TCP is, which Debian has in a package of its own
MODULES = tuple(f'{place}/nginx/modules/ngx_stream_module.so' for place in ('/usr/lib', '/usr/lib64', '/usr/local/lib'))
SESSIONS = 6_000    #: that each lets be open; with files for both sides and for pipes, within what a system allows

WITH_HTTP_2 = ('http2', 'grpc')     #: the measurements of HTTP/2

HAPROXY = f"""
global
    nbthread 1
    maxconn {SESSIONS}
defaults
    mode %s
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    %s
listen relay
    bind {HOST}:{{port}} backlog 8192 %s
    server backend {{backend}} %s
"""
#: what all settings of nginx have
NGINX_HEAD = f"""
daemon off;
worker_processes 1;
worker_rlimit_nofile {2 * SESSIONS + 100};
pid {{folder}}/pid;
error_log stderr error;
events {{{{ worker_connections {2 * SESSIONS}; }}}}
"""
NGINX = f"""
{next((f'load_module {module};' for module in MODULES if os.path.exists(module)), '')}
{NGINX_HEAD}
stream {{{{
    server {{{{
        listen {HOST}:{{port}} backlog=8192 %s;
        proxy_pass {{backend}};
        proxy_timeout 1h;
        %s
    }}}}
}}}}
"""

GRPC_PASS = f"""
{NGINX_HEAD}
http {{{{
    access_log off;
    keepalive_requests 100000000;
    upstream backend {{{{ server {{backend}}; keepalive 100; }}}}
    server {{{{
        listen {HOST}:{{port}} http2 backlog=8192;
        location / {{{{ grpc_pass grpc://backend; }}}}
    }}}}
}}}}
"""

NGINX_HTTP = f"""
{NGINX_HEAD}
http {{{{
    access_log off;
    client_body_temp_path {{folder}}/body;
    proxy_temp_path {{folder}}/proxy;
    upstream backend {{{{
        server {{backend}};
        keepalive 64;
    }}}}
    server {{{{
        listen {HOST}:{{port}} backlog=8192;
        keepalive_requests 1000000000;
        location / {{{{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}}}
    }}}}
}}}}
"""


def haproxy(setting: str = '', tls: bool = False, mode: str = 'tcp') -> Start:
    """Make a ``start`` for HAProxy, one thread; in mode http it reads HTTP/2 on both sides."""
    sides = ('ssl crt {folder}/pem', 'ssl verify none') if tls else ('proto h2',) * 2 if mode == 'http' else ('', '')
    return command('haproxy', 'haproxy -db -f {folder}/settings', HAPROXY % (mode, setting, *sides))


def nginx(tls: bool = False) -> Start:
    """Make a ``start`` for nginx's module for TCP: one worker."""
    sides = ('ssl', 'ssl_certificate {folder}/pem; ssl_certificate_key {folder}/pem; proxy_ssl on;') if tls else ('', '')
    return command('nginx', 'nginx -e stderr -c {folder}/settings', NGINX % sides)


def installed(name: str, line: str) -> Start:
    """Make a ``start`` for a program that lies beside this Python: the asyncio relays from PyPI."""
    return command(name, f'{Path(sys.executable).parent / name} {line}')


REFERENCES = ('haproxy', 'toxiproxy', 'vaurien')     #: the rows that ratios are to
SMALL = ('50 connections', '1 connection')
PEERS = (*SMALL, 'bulk', 'new connections')
DELAY = ('--behavior', '50:delay', '--behavior-delay-sleep', '0.01', '--behavior-delay-match', '^SET ')
REDIS, MEMCACHE = (*SMALL, 'redis x16'), ('memcache', 'memcache x16')
HTTP = 'http', 'http x16', 'http body'      #: the measurements of those that read HTTP
#: a mix of faults that no load notices, one in a thousand
RARELY = ('--behavior', '0.1:delay', '--behavior-delay-sleep', '0')

MANY = ('200 connections',)
LATE = ('delays spread', 'delays in step', 'delays of many')
PACES = {'10 KB/s': 10, '1 MB/s': 1_000, '50 MB/s': 50_000, '500 MB/s': 500_000}   #: what bandwidth is asked for [KB/s]

#: what vaurien is asked for, with ``{folder}``, and the measurements that it takes part in then; none: all
VAURIENS = {
    'vaurien': (('--protocol', 'tcp'), ()),
    'vaurien redis': (('--protocol', 'redis'), (*REDIS, 'beside')),
    'vaurien redis 0.1%': (('--protocol', 'redis', *RARELY), REDIS),
    'vaurien journal': (('--protocol', 'redis', '--journal', '{folder}/journal'), REDIS),
    'vaurien memcache': (('--protocol', 'memcache'), MEMCACHE),
    'vaurien memcache 0.1%': (('--protocol', 'memcache', *RARELY), MEMCACHE),
    'vaurien http': (('--protocol', 'http'), (*HTTP, 'tls requests', 'websocket', *WITH_HTTP_2)),
    'vaurien http 0.1%': (('--protocol', 'http', *RARELY), HTTP),
    'vaurien mysql': (('--protocol', 'mysql'), ('mysql',)),
    'vaurien mysql 0.1%': (('--protocol', 'mysql', *RARELY), ('mysql',)),
    'vaurien postgres': (('--protocol', 'postgres'), ('postgres',)),
    'vaurien postgres 0.1%': (('--protocol', 'postgres', *RARELY), ('postgres',)),
    'vaurien smtp': (('--protocol', 'smtp'), ('smtp',)),
    'vaurien delaying': (('--protocol', 'redis', *DELAY), ('beside',)),
    'vaurien latency 100': (('--toxic', 'latency:latency=100'), LATE),
    'vaurien delay 0.1': (('--protocol', 'redis', '--behavior', '100:delay', '--behavior-delay-sleep', '0.1', '--show', 'none'),
                          LATE),
    **{f'vaurien {name}': (('--toxic', f'bandwidth:rate={rate}'), ('bandwidth',)) for name, rate in PACES.items()},
    'vaurien alone': ((), MANY),
    'vaurien workers 2': (('--workers', '2'), MANY),
    'vaurien latency 0': (('--toxic', 'latency:latency=0'), ('50 connections', 'bulk')),
}


def other(executable: str) -> list[Contender]:
    """Return the rows of vaurien once more, for another one: ``other``, ``other redis``, ..."""
    def line(prefix: str, *more: str) -> str:
        return f'{executable} --proxy {prefix}{HOST}:{{port}} --backend {prefix}{{backend}} {shlex.join(more)}'
    return [Contender(name.replace('vaurien', 'other'), command('other', line('', *arguments)), only,
                      command('other', line('tls://', *tls_arguments(), *arguments)))
            for name, (arguments, only) in VAURIENS.items()]


CONTENDERS = (
    Contender('direct', direct, tls=direct),
    *(Contender(name, vaurien(*arguments), only, vaurien(*arguments, tls=True)) for name, (arguments, only) in VAURIENS.items()),
    Contender('haproxy', haproxy(), tls=haproxy(tls=True)),
    Contender('haproxy splice', haproxy('option splice-request\n    option splice-response'), ('bulk',)),
    Contender('haproxy h2', haproxy(mode='http'), WITH_HTTP_2),
    Contender('nginx grpc_pass', command('nginx', 'nginx -e stderr -c {folder}/settings', GRPC_PASS), ('grpc',)),
    Contender('haproxy http', command('haproxy', 'haproxy -db -f {folder}/settings', HAPROXY % ('http', '', '', '')),
              (*HTTP, 'websocket')),
    Contender('nginx proxy_pass', command('nginx', 'nginx -e stderr -c {folder}/settings', NGINX_HTTP), HTTP),
    Contender('nginx stream', nginx(), tls=nginx(tls=True)),
    Contender('toxiproxy', toxiproxy(), needs=SERVER),
    Contender('toxiproxy latency 100', toxiproxy([('latency', {'latency': 100})]), LATE, needs=SERVER),
    *(Contender(f'toxiproxy {name}', toxiproxy([('bandwidth', {'rate': rate})]), ('bandwidth',), needs=SERVER)
      for name, rate in PACES.items()),
    Contender('pproxy', installed('pproxy', '-l "tunnel{{{backend}}}://127.0.0.1:{port}"'), PEERS),
    Contender('sloww', installed('sloww', '{backend} -l 127.0.0.1:{port}'), PEERS),
)
