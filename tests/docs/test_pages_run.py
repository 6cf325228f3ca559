"""Every command and code block of the pages that teach is run here, in the order of the page, and held against what it shows."""
import contextlib
import html
import os
import re
import runpy
import shutil

import pytest

from tests.support import servers
from tests.support.browser import SIGNATURE
from tests.support.peers import free_port
from tests.support.processes import MissingServer, program, run
from vaurien.config import configure
from vaurien.explore.arguments import read
from vaurien.run.setup import make_setup

from .blocks import DOCS, ROOT, blocks, pages, untyped_tests
from .terminal import terminal

#: ports that the docs name and that are free here: those that vaurien listens at
OURS = '8000', '8080', '6380', '11212', '3307', '5433', '2525', '26379'
#: ports of servers that the docs name, and the fixtures that run them
SERVERS = {'6379': 'redis_server', '11211': 'memcached_server', '3306': 'mariadb_server', '5432': 'postgres_server',
           '25': 'smtp_server'}
#: pages whose blocks are run one after the other, and the servers that they need
TAUGHT = {
    'tutorial': ('6379',),
    'tutorial-llm': (),
    'howto/django': ('5432',),
    'howto/fastapi': ('5432',),
    'howto/celery': ('6379',),
    'howto/node': ('6379',),
    'howto/http': (),
    'howto/streams': (),
    'howto/grpc': (),
    'howto/websocket': (),
    'howto/redis': ('6379',),
    'howto/memcache': ('11211',),
    'howto/mysql': ('3306',),
    'howto/postgres': ('5432',),
    'howto/smtp': ('25',),
    'howto/tls': (),
    'howto/third-party': (),
    'howto/aws': (),
    'reference/kinds': (),
    'howto/seed': (),
    'howto/plans': ('6379',),
    'howto/chaostoolkit': ('6379',),
    'howto/toxiproxy': ('6379',),
    'howto/ci': (),
    'extending/using': (),
    'benchmarks': (),
}
#: programs that a page needs, and folders whose packages of node
PROGRAMS = {'howto/node': ('node', 'npm', 'patch'), 'howto/django': ('patch',), 'howto/fastapi': ('patch',),
            'howto/celery': ('patch',)}
PACKAGES = {'howto/node': ('apps/node',)}
#: how a page of tests is run; its blocks are the files
PYTEST = 'pytest -q {}'


@pytest.mark.parametrize('page', TAUGHT)
def test_page_does_what_it_says(page, tmp_path, request):
    places = {**{port: free_port() for port in OURS},
              **{port: request.getfixturevalue(SERVERS[port]).port for port in TAUGHT[page]}}
    places['8474'] = places['8080']     # a control server listens there
    for folder in ('vaurien_examples', 'apps'):
        shutil.copytree(DOCS / 'examples' / folder, tmp_path / folder, ignore=shutil.ignore_patterns('node_modules'))
    with skipped_where_missing():
        for name in PROGRAMS.get(page, ()):
            program(name)
        for name in PACKAGES.get(page, ()):
            run([program('npm'), 'install', '--no-audit', '--no-fund', '--prefix', str(tmp_path / name)], tmp_path)
    found = [block for block in blocks(DOCS / f'{page}.rst') if not block.reason]
    with terminal(tmp_path, places) as shell:
        for block in found:
            shell.run(block)
        for name in untyped_tests(found):
            shell.check(PYTEST.format(name))


@contextlib.contextmanager
def skipped_where_missing():
    """Skip the test where a program or a package is not to be had, unless all have to be there."""
    try:
        yield
    except (MissingServer, RuntimeError) as missing:
        if os.environ.get('VAURIEN_REQUIRE_SERVERS'):
            raise
        pytest.skip(str(missing))


def taught(path):
    """Return whether a page's blocks are run one after the other."""
    return path.relative_to(DOCS if DOCS in path.parents else ROOT).with_suffix('').as_posix() in TAUGHT


@pytest.mark.parametrize('path', pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_console_and_python_blocks_of_other_pages_are_run_too(path):
    if not taught(path):
        found = [block.where for block in blocks(path) if block.language in ('console', 'python') and not block.reason]
        assert not found, 'give the page a line in TAUGHT (and its servers one in SERVERS), or put ".. not run: why" before these'


INI = [block for path in pages() if not taught(path) for block in blocks(path) if block.language == 'ini']


@pytest.mark.parametrize('block', INI, ids=lambda block: block.where)
def test_an_ini_file_of_the_docs_is_taken_by_vaurien(block, tmp_path):
    (tmp_path / 'vaurien.config.ini').write_text(block.text)
    assert configure(['--config', str(tmp_path / 'vaurien.config.ini')], {}).spec.proxies


def literal_blocks(path):
    """Return the blocks of a page that are neither of a language nor of a file."""
    found = re.findall(r'::\n\n((?:    .*\n|\n)+)', path.read_text('utf-8'))
    return [re.sub('^    ', '', text, flags=re.MULTILINE).strip() for text in found]


def test_the_commands_of_the_readme_are_there(tmp_path):
    installed, without, made, between, tried, command, code = literal_blocks(ROOT / 'README.rst')
    assert (installed, without) == ('pip install .', 'uvx --from . vaurien --version')     # make walk runs them
    makefile = (ROOT / 'Makefile').read_text()
    for line in made.splitlines():
        assert re.search(rf'^{line.split()[1]}:', makefile, re.MULTILINE)
    between, _, tested = between.removeprefix('vaurien run ').partition(' -- ')
    environ = {'DATABASE_URL': 'postgres://localhost/a', 'REDIS_URL': 'redis://localhost'}
    assert make_setup([*between.split(), '--', *tested.split()], environ).configuration.spec.proxies[1].mix
    _, explored = read(tried.removeprefix('vaurien explore ').split())
    assert [place.name for place in make_setup(explored, environ).places] == ['database_url', 'redis_url']
    assert command.startswith('vaurien ')
    assert configure(command.split()[1:], {}).spec.proxies[0].mix
    assert 'vaurien.running' in code    # tests/integration/test_testing.py runs it


def test_the_readme_shows_a_picture_that_is_there():
    found = re.findall(r'\.\. image:: (\S+)', (ROOT / 'README.rst').read_text('utf-8'))
    assert found
    for name in found:
        data = (ROOT / name).read_bytes()
        assert b'<text' in data if name.endswith('.svg') else data.startswith(SIGNATURE)


SCENES = runpy.run_path(str(DOCS / 'record.py'))['SCENES']


@pytest.mark.parametrize('name', SCENES)
def test_a_picture_shows_the_commands_that_its_script_runs(name):
    drawn = [html.unescape(text) for text in re.findall(r'>(\$ [^<]+)<', (DOCS / '_static' / f'{name}.svg').read_text('utf-8'))]
    assert drawn == [f'$ {command}' for command in SCENES[name].typed]
    assert any(f'_static/{name}.svg' in path.read_text('utf-8') for path in pages())


def test_servers_of_the_docs_have_the_names_that_the_pages_use():
    assert (servers.USER, servers.PASSWORD, servers.DATABASE) == ('vaurien', 'secret', 'vaurien')
