"""The Dockerfile and the compose file of the docs, held against vaurien without a docker engine."""
import json
import re
from pathlib import Path

import pytest
import yaml

from vaurien.config import configure

from .blocks import DOCS, ROOT

DOCKERFILE, COMPOSE = DOCS / 'examples' / 'Dockerfile', DOCS / 'examples' / 'compose.yaml'
TOKEN = {'VAURIEN_HTTP_TOKEN': 'secret'}
#: what a Dockerfile may begin a line with (docs.docker.com, Dockerfile reference)
INSTRUCTIONS = {'FROM', 'COPY', 'RUN', 'USER', 'EXPOSE', 'STOPSIGNAL', 'ENTRYPOINT', 'CMD'}


@pytest.fixture(scope='module')
def image():
    """The instructions of the Dockerfile, by name; each is there once."""
    text = DOCKERFILE.read_text('utf-8').replace('\\\n', ' ')
    lines = [line for line in text.splitlines() if line and not line.startswith('#')]
    found = dict(line.split(' ', 1) for line in lines)
    assert len(found) == len(lines)
    assert set(found) <= INSTRUCTIONS
    return found


@pytest.fixture(scope='module')
def services():
    return yaml.safe_load(COMPOSE.read_text('utf-8'))['services']


def test_the_image_has_a_python_that_vaurien_supports(image):
    minor = re.fullmatch(r'python:3\.(\d+)-slim', image['FROM'])[1]
    first, end = re.search(r'for minor in range\((\d+), (\d+)\)', (ROOT / 'setup.py').read_text()).groups()
    assert int(first) <= int(minor) < int(end)


def test_the_image_installs_what_is_copied_into_it(image):
    source, target = image['COPY'].split()
    assert source == '.'
    assert f'pip install --no-cache-dir {target} ' in image['RUN']
    assert f'docker build -f {DOCKERFILE.relative_to(ROOT)} ' in DOCKERFILE.read_text()


def test_the_image_runs_vaurien_as_somebody_without_rights(image):
    assert json.loads(image['ENTRYPOINT']) == ['vaurien']
    assert f'useradd --system {image["USER"]}' in image['RUN']


def test_what_the_image_runs_by_itself_is_a_right_command_line(image):
    proxy, = configure(json.loads(image['CMD']), {}).spec.proxies
    host, port = proxy.proxy.split(':')
    assert host == '0.0.0.0'
    assert port in image['EXPOSE'].split()


def test_the_service_is_built_from_the_dockerfile_beside_it(services):
    build = services['chaos']['build']
    context = (COMPOSE.parent / build['context']).resolve()
    assert context == ROOT
    assert context / build['dockerfile'] == DOCKERFILE
    assert (context / 'setup.py').exists()


def test_the_command_of_the_service_is_right(services):
    spec = configure(services['chaos']['command'], TOKEN).spec
    proxy, = spec.proxies
    assert proxy.backend.rpartition(':')[0] in services['chaos']['depends_on']
    assert spec.http
    assert [entry.name for entry in proxy.mix] == ['delay', 'error']


def test_the_control_server_is_reachable_where_the_port_is_published(services):
    spec = configure(services['chaos']['command'], TOKEN).spec
    host, outside, inside = services['chaos']['ports'][0].split(':')
    assert (host, int(inside)) == ('127.0.0.1', spec.http_port)
    assert spec.http_host == '0.0.0.0'
    assert f'vaurienctl --host http://localhost:{outside} ' in (DOCS / 'howto' / 'ci.rst').read_text()


def test_without_a_token_the_service_does_not_start(services):
    assert ':?' in services['chaos']['environment']['VAURIEN_HTTP_TOKEN']
    with pytest.raises(ValueError, match='http-token'):
        configure(services['chaos']['command'], {})


def test_the_health_check_is_python_that_asks_the_control_server(services, daemon_with_token, monkeypatch):
    code = services['chaos']['healthcheck']['test'][-1]
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', daemon_with_token.token)
    here = code.replace('localhost:8080', daemon_with_token.address)
    assert here != code
    exec(compile(here, str(COMPOSE), 'exec'), {})
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', 'another')
    with pytest.raises(OSError, match='401'):
        exec(compile(here, str(COMPOSE), 'exec'), {})


class Guarded:
    """A control server with a token."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token


@pytest.fixture
def daemon_with_token():
    from vaurien.testing import Daemon
    daemon = Daemon(7)
    channel = daemon.client.channel
    yield Guarded(channel.address, channel.token)
    daemon.close()


def test_paths_of_the_docs_are_those_of_the_files():
    for path in (DOCKERFILE, COMPOSE):
        assert f'/examples/{path.name}' in (DOCS / 'howto' / 'ci.rst').read_text()
        assert Path(path).stat().st_size < 4096
