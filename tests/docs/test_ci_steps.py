"""The templates for CI servers, each of whose steps is run here as its server runs it: by a shell, in a folder with a project."""
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.integration.test_explore import ALL_CASES, MENDED, WEAK
from tests.support.unit_of_time import PATIENCE

from .blocks import ROOT
from .test_ci_templates import load

#: as GitHub's runners start the script of a step, and GitLab's that of a job
SHELL = {'github.yml': ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c'], 'gitlab.yml': ['sh', '-euc']}
PUT = 'import jobs\n\n\ndef test_put():\n    jobs.put()\n'
#: what pip's own script has
PIP = '#!{python}\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n'


def scripts(name):
    """Return what the steps of a template say to a shell, and their environment."""
    if name == 'gitlab.yml':
        job = load(name)['explore']
        return job['script'], job['variables']
    job, = load(name)['jobs'].values()
    return [step['run'] for step in job['steps'] if 'run' in step], job['env']


def environment_of(folder):
    """Make an environment that has all that vaurien needs, and not vaurien, and return the folder of its commands."""
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', folder], check=True)
    commands = folder / 'bin'
    site = next(folder.glob('lib/python*/site-packages'))
    (site / 'there.pth').write_text(f'{Path(pytest.__file__).parents[1]}\n')
    (commands / 'pip').write_text(PIP.format(python=commands / 'python'))
    (commands / 'pytest').write_text(PIP.format(python=commands / 'python').replace('pip._internal.cli.main import main',
                                                                                    'pytest import console_main as main'))
    for name in ('pip', 'pytest'):
        (commands / name).chmod(0o755)
    return commands


def project(folder, program):
    """Write a project with a test, beside a checkout of vaurien."""
    (folder / 'tests').mkdir(exist_ok=True)
    (folder / 'tests' / 'jobs.py').write_text(program.replace('QUEUE_URL', 'REDIS_URL'))
    (folder / 'tests' / 'test_jobs.py').write_text(PUT)
    (folder / 'requirements.txt').write_text('redis\n')
    checkout = folder / 'vaurien'
    if not checkout.exists():
        checkout.mkdir()
        for name in ('setup.py', 'pyproject.toml', 'README.rst', 'LICENSE', 'MANIFEST.in', 'vaurien'):
            (checkout / name).symlink_to(ROOT / name)


@pytest.mark.parametrize('name', ['github.yml', pytest.param('gitlab.yml', marks=ALL_CASES)])
def test_the_steps_install_explore_and_write_what_the_server_takes(name, tmp_path, redis_server):
    commands = environment_of(tmp_path / 'env')
    folder = tmp_path / 'project'
    folder.mkdir()
    steps, variables = scripts(name)
    told = {**variables, 'REDIS_URL': f'redis://127.0.0.1:{redis_server.port}/0'}     # the service that the server starts
    assert told.keys() == variables.keys()
    environ = {**{key: value for key, value in os.environ.items() if not key.startswith(('PYTEST', 'PYTHON', 'VIRTUAL_ENV'))},
               **told, 'PATH': f'{commands}{os.pathsep}{os.environ["PATH"]}', 'PIP_NO_INDEX': '1', 'PIP_NO_BUILD_ISOLATION': '0',
               'PIP_DISABLE_PIP_VERSION_CHECK': '1', 'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1'}
    if name == 'github.yml':
        environ['GITHUB_ACTIONS'] = 'true'

    def step(script):
        return subprocess.run([*SHELL[name], script], cwd=folder, env=environ, capture_output=True, text=True, check=False,
                              timeout=9 * PATIENCE)

    project(folder, WEAK)
    *before, last = [steps[0], steps[1]] if name == 'github.yml' else ['\n'.join(steps[:2]), '\n'.join(steps[2:])]
    for script in before:
        done = step(script)
        assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'
    where = subprocess.run([commands / 'python', '-c', 'import vaurien; print(vaurien.__file__)'], capture_output=True, text=True,
                           check=True, env=environ, cwd=tmp_path).stdout
    assert where.startswith(str(tmp_path / 'env')), where       # that of the step, and not this checkout
    found = step(last)
    assert found.returncode == 1, f'{found.stdout}\n{found.stderr}'
    assert 'FAIL double-effect' in found.stdout
    assert ('::error file=tests/test_jobs.py,line=4' in found.stdout) == (name == 'github.yml')
    for written in ('explore.sarif', 'explore.html', 'explore.xml', 'known.json'):
        assert (folder / written).stat().st_size > 0
    assert int(ET.parse(folder / 'explore.xml').getroot().get('failures') or next(
        iter(ET.parse(folder / 'explore.xml').getroot())).get('failures')) > 0
    assert any((folder / '.vaurien').iterdir())     # what the cache keeps
    if not os.environ.get('VAURIEN_ALL_CASES'):
        return
    accepted = step('vaurien explore accept known.json')
    assert accepted.returncode == 0, accepted.stderr
    known = step(last)
    assert known.returncode == 0, f'{known.stdout}\n{known.stderr}'
    project(folder, MENDED)
    (folder / 'known.json').unlink()
    assert step(last).returncode == 0
