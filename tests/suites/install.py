"""Installing an application into an environment of its own, with its own tests. Needs PyPI, or a folder that stands for it."""
import subprocess
import sys
import tarfile
from pathlib import Path

from .suites import Suite

PYTEST = 'pytest==9.2.0'


def call(*words: object) -> str:
    """Run a command that has to succeed, and return what it prints."""
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise SystemExit(f'{" ".join(map(str, words))}: status {done.returncode}\n{done.stderr[-4000:]}')
    return done.stdout


def install(suite: Suite, where: Path) -> tuple[Path, Path]:
    """Install a suite, and return the interpreter and the folder of its tests.

    Args:
        suite: Which.
        where: A folder for it; what an earlier call has made there is taken.
    """
    python, done = where / 'env' / 'bin' / 'python', where / f'{suite.version}.done'
    wanted = f'{suite.name}=={suite.version}'
    if not done.exists():
        call(sys.executable, '-m', 'venv', '--clear', where / 'env')
        call(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTEST, wanted, *suite.needs)
        if suite.source:
            call(python, '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps',
                 '--no-binary', suite.name, '--dest', where, wanted)
            unpack(next(where.glob('*.tar.gz')), where)
        done.touch()
    if suite.source:
        return python, next(where.glob(f'*-{suite.version}/{suite.folder}'))
    return python, Path(call(python, '-c', f'import {suite.name}.tests as tests; print(tests.__path__[0])').strip())


def unpack(archive: Path, where: Path) -> None:
    """Unpack a source distribution, and nothing of it outside of the folder."""
    with tarfile.open(archive) as found:
        found.extractall(where, filter='data')
