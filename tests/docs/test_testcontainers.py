"""The recipes for Testcontainers' modules: their command lines, and what the modules wait for. No container is started."""
import re
from http.client import HTTPConnection

import pytest

from tests.support.daemon import daemon
from tests.support.peers import free_port
from vaurien.config import configure

from .blocks import DOCS, blocks

LANGUAGES = ('java', 'go', 'javascript')


def command(language):
    """Return the flags of a recipe."""
    block, = (block for block in blocks(DOCS / 'howto' / 'testcontainers.rst') if block.language == language)
    return re.findall(r'"([^"]*)"', re.search(r'"--toxiproxy".*', block.text)[0])


@pytest.mark.parametrize('language', LANGUAGES)
def test_the_command_line_of_a_recipe_is_right_and_listens_where_the_module_looks(language):
    spec = configure(command(language), {}).spec
    assert (spec.http, spec.http_host, spec.http_port, spec.proxies) == (True, '0.0.0.0', 8474, ())


def test_a_module_is_told_the_version_that_it_waits_for():
    flags = [flag.replace('0.0.0.0', '127.0.0.1') for flag in command('java')]
    port = free_port()
    with daemon(*flags, '--http-port', str(port), proxies=0) as process:
        process.wait_for(rf'control server on http://127.0.0.1:{port}')
        connection = HTTPConnection('127.0.0.1', port)
        connection.request('GET', '/version')
        assert connection.getresponse().status == 200
        connection.close()
