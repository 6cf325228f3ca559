"""The first hour of a new user, walked from a fresh clone: ``make walk``.

vaurien is installed into an environment of its own by the commands of the pages, also those that ``tests/docs`` leaves out
because they download packages. Then three ways are gone: a suite of tests on Redis and PostgreSQL; over from Toxiproxy, with
a client library of its own; a plugin. Each command and each test is the page's own, but for the ports. What is not committed
is not walked.
"""
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import toxiproxy

from .docs.blocks import ROOT, Block, blocks, untyped_tests
from .docs.terminal import Terminal, terminal
from .docs.test_pages_run import OURS, PYTEST, literal_blocks
from .support import servers
from .support.peers import ask, connect, echo_server, free_port
from .support.unit_of_time import PATIENCE

LONGEST = 60    #: [s] that all of it may take where a machine has nothing else to do
#: why ``tests/docs`` does not run a block that is run here; what installs vaurien itself is the README's
DOWNLOADS = 'it downloads packages'
DELAY = 300     #: [ms] of the toxic that is put on by the client library


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    start = time.monotonic()
    yield
    print(f'{time.monotonic() - start:6.1f} s  {name}', flush=True)


def call(*words: object, where: Path) -> str:
    """Run a command that has to succeed, and return what it prints."""
    done = subprocess.run([str(word) for word in words], cwd=where, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f'{" ".join(map(str, words))}\nstatus {done.returncode}\n{done.stdout}')
    return done.stdout


def install(clone: Path, home: Path) -> Path:
    """Do what the README says about installing, and return where the commands are."""
    call(sys.executable, '-m', 'venv', home, where=clone)
    call('sh', '-c', f'. {home}/bin/activate && {literal_blocks(clone / "README.rst")[0]}', where=clone)
    return home / 'bin'


def without_installing(clone: Path, home: Path) -> None:
    """Do what the README says about running vaurien without installing it."""
    call(sys.executable, '-m', 'venv', home, where=clone)
    call('sh', '-c', f'. {home}/bin/activate && pip install uv && {literal_blocks(clone / "README.rst")[1]}', where=clone)


def walk(page: Path, shell: Terminal, home: Path) -> None:
    """Type what a page says, write its files, and run those of its tests that it does not run itself."""
    found = blocks(page)
    for block in found:
        if block.reason == DOWNLOADS:
            for line in block.text.splitlines():
                call('sh', '-c', f'. {home}/bin/activate && {line.removeprefix("$ ")}', where=shell.folder)
        elif not block.reason:
            shell.run(block)
    for name in untyped_tests(found):
        shell.check(PYTEST.format(name))


def come_from_toxiproxy(shell: Terminal, places: Mapping[str, object]) -> None:
    """Drive vaurien by a client library of Toxiproxy's, started as the page says."""
    start = Block('', 'console', '', '$ vaurien --toxiproxy\nvaurien: control server on http://127.0.0.1:8474\n', '')
    shell.run(start)
    client = toxiproxy.Toxiproxy()
    client.update_api_consumer('127.0.0.1', places['8474'])
    with echo_server() as backend:
        proxy = client.create(name='echo', listen='127.0.0.1:0', upstream=backend.address, enabled=True)
        proxy.add_toxic(type='latency', attributes={'latency': DELAY})
        with connect(int(proxy.listen.rpartition(':')[2])) as sock:
            before = time.monotonic()
            assert ask(sock, b'ping') == b'ping'
            assert time.monotonic() - before >= DELAY / 1000
        client.destroy_all()
    shell.run(Block('', 'console', '', '^C\n', ''))


def main() -> None:
    """Go all three ways."""
    began = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='vaurien-walk-')))
        clone, home = folder / 'clone', folder / 'home'
        with step('clone'):
            call('git', 'clone', '--quiet', ROOT, clone, where=folder)
        beside = stack.enter_context(ThreadPoolExecutor(1))
        other = beside.submit(without_installing, Path(shutil.copytree(clone, folder / 'other')), folder / 'uv')
        with step('install'):
            found = install(clone, home)
        with step('servers'):
            redis, postgres = (stack.enter_context(start()) for start in (servers.redis_server, servers.postgres_server))
        places: dict[str, object] = {**{port: free_port() for port in OURS}, '6379': redis.port, '5432': postgres.port}
        places['8474'] = places['8080']

        def shell(name: str) -> Terminal:
            where = folder / name
            where.mkdir()
            shutil.copytree(clone / 'docs' / 'examples' / 'vaurien_examples', where / 'vaurien_examples')
            return stack.enter_context(terminal(where, places, found))
        for name, pages in (('tests on Redis and PostgreSQL', ('tutorial', 'howto/redis', 'howto/postgres')),
                            ('over from Toxiproxy', ('howto/toxiproxy',)), ('a plugin', ('extending/using',))):
            typed = shell(pages[0].replace('/', '-'))
            for page in pages:
                with step(f'{name}: docs/{page}.rst'):
                    walk(ROOT / 'docs' / f'{page}.rst', typed, home)
        with step("over from Toxiproxy: a client of Toxiproxy's"):
            come_from_toxiproxy(typed, places)
        with step('run without installing, beside all of this; still to wait'):
            other.result()
    took = time.monotonic() - began
    print(f'{took:6.1f} s  all of it (asked: {LONGEST} s on a machine that does nothing else; a call may take {PATIENCE:g} s)')


if __name__ == '__main__':
    main()
