"""What is released, as its users get it: ``make dist``.

An sdist and a wheel are built into ``dist/`` and checked; then the wheel is installed into an empty environment of each Python
that is found here, and the tutorial is walked there: its commands, its files, its test.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .docs.blocks import ROOT
from .docs.terminal import terminal
from .docs.test_pages_run import OURS
from .support import servers
from .support.peers import free_port
from .walk import call, step, walk

MINORS = range(11, 16)      #: of Python 3, those that the package names
DIST = ROOT / 'dist'
#: where versions of Python are that stand on no PATH
ELSEWHERE = Path.home() / '.pyenv' / 'versions'


def works(python: object, minor: int) -> bool:
    """Return whether a program is a Python of this version; one that only tells how it would be installed is none."""
    code = f'import sys, venv; sys.exit(sys.version_info[:2] != (3, {minor}))'
    return subprocess.run([str(python), '-c', code], capture_output=True, check=False).returncode == 0


def candidates(minor: int) -> Iterator[object]:
    """Give where a Python may be, the likeliest first."""
    if sys.version_info[:2] == (3, minor):
        yield sys.executable
    if found := shutil.which(f'python3.{minor}'):
        yield found
    yield from sorted(ELSEWHERE.glob(f'3.{minor}.*/bin/python3'))


def pythons() -> dict[int, object]:
    """Return a Python for each minor version that is found."""
    found = {minor: next((path for path in candidates(minor) if works(path, minor)), None) for minor in MINORS}
    return {minor: path for minor, path in found.items() if path is not None}


def build(folder: Path) -> Path:
    """Build the sdist and from it the wheel, check both, and return the wheel; the checkout stays as it is."""
    call(sys.executable, '-m', 'build', '--outdir', folder, ROOT, where=ROOT)
    sdist, wheel = *folder.glob('*.tar.gz'), *folder.glob('*.whl')
    call(sys.executable, '-m', 'twine', 'check', '--strict', sdist, wheel, where=folder)
    call(Path(sys.executable).parent / 'check-wheel-contents', wheel, where=folder)
    return wheel


def use(python: object, wheel: Path, folder: Path, redis: int) -> None:
    """Install the wheel where nothing else is, and walk the tutorial with it."""
    home, shell = folder / 'home', folder / 'tutorial'
    call(python, '-m', 'venv', home, where=folder)
    call(home / 'bin' / 'python', '-m', 'pip', 'install', '--quiet', wheel, where=folder)
    shell.mkdir()
    shutil.copytree(ROOT / 'docs' / 'examples' / 'vaurien_examples', shell / 'vaurien_examples')
    places = {**{port: free_port() for port in OURS}, '6379': redis}
    with terminal(shell, {**places, '8474': places['8080']}, home / 'bin') as typed:
        walk(ROOT / 'docs' / 'tutorial.rst', typed, home)


def main() -> None:
    """Build, check and use; what is built stays in ``dist/``."""
    parser = argparse.ArgumentParser(prog='make dist', description=(__doc__ or '').split('\n\n', maxsplit=1)[0])
    parser.add_argument('minors', nargs='*', type=int, metavar='MINOR', help='such as 13: that Python alone', default=[])
    wanted = parser.parse_args().minors or [*MINORS]
    shutil.rmtree(DIST, ignore_errors=True)
    with step('sdist and wheel, built and checked'):
        wheel = build(DIST)
    there = pythons()
    for minor in wanted:
        if minor not in there:
            print(f'    -     Python 3.{minor} is not found here', flush=True)
            continue
        with (step(f'tutorial on Python 3.{minor}'), tempfile.TemporaryDirectory(prefix='vaurien-dist-') as folder,
              servers.redis_server() as redis):
            use(there[minor], wheel, Path(folder), redis.port)
    if not there.keys() & set(wanted):
        sys.exit('no Python of these versions is found here')


if __name__ == '__main__':
    main()
