"""The templates for CI servers: YAML as the servers read it, whose commands vaurien takes, and whose files fit together."""
import shlex

import pytest
import yaml

from vaurien.explore.arguments import read
from vaurien.explore.command import check
from vaurien.run.setup import make_setup

from .blocks import DOCS

FOLDER = DOCS / 'examples' / 'ci'
ENVIRON = {'REDIS_URL': 'redis://localhost:6379/0'}


def load(name):
    return yaml.load((FOLDER / name).read_text('utf-8'), yaml.BaseLoader)      # which takes ``on`` for a word


def explored(script):
    """Return what the line of a script that explores says to vaurien, once vaurien has read it."""
    line, = (line for line in script.replace('\\\n', ' ').splitlines() if line.startswith('vaurien '))
    words = shlex.split(line)
    assert words[:2] == ['vaurien', 'explore']
    values, rest = read(words[2:])
    setup = make_setup(rest, ENVIRON)
    check(setup)
    assert tuple(setup.command) == ('pytest', 'tests/')
    return values


def test_the_workflow_explores_and_uploads_what_it_has_written():
    workflow = load('github.yml')
    assert set(workflow) == {'name', 'on', 'permissions', 'jobs'}
    assert workflow['permissions']['security-events'] == 'write'
    job, = workflow['jobs'].values()
    assert all(('run' in step) != ('uses' in step) for step in job['steps'])
    assert all('@v' in step['uses'] for step in job['steps'] if 'uses' in step)
    values, = (explored(step['run']) for step in job['steps'] if step.get('name') == 'Explore')
    by_use = {step['uses'].partition('@')[0]: step.get('with', {}) for step in job['steps'] if 'uses' in step}
    assert by_use['github/codeql-action/upload-sarif']['sarif_file'] == values['sarif']
    assert by_use['actions/upload-artifact']['path'].split() == [values['html'], values['junit']]
    assert by_use['actions/cache']['path'] == '.vaurien'
    uploads = [step for step in job['steps'] if 'upload' in step.get('uses', '')]
    assert all('!cancelled()' in step['if'] for step in uploads)    # a FAIL ends the step before them
    assert job['env'] == ENVIRON


def test_the_job_explores_and_keeps_what_it_has_written():
    job = load('gitlab.yml')['explore']
    values = explored('\n'.join(job['script']))
    assert job['artifacts']['reports']['junit'] == values['junit']
    assert job['artifacts']['paths'] == [values['html'], values['sarif']]
    assert job['artifacts']['when'] == job['cache']['when'] == 'always'
    assert job['cache']['paths'] == ['.vaurien/']


@pytest.mark.parametrize('name', ['github.yml', 'gitlab.yml'])
def test_a_file_of_known_findings_that_is_not_there_is_made_as_vaurien_reads_it(name, tmp_path, monkeypatch):
    from vaurien.explore.accepting import read_accepted
    text = (FOLDER / name).read_text('utf-8')
    _, _, rest = text.partition("echo '")
    (tmp_path / 'known.json').write_text(rest.partition("'")[0])
    assert read_accepted(str(tmp_path / 'known.json')) == frozenset()
