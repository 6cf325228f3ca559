"""What stands in packaging/: the image, compose, Kubernetes and systemd, against vaurien and schemas. None of it is started."""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.support.daemon import daemon
from vaurien.config import configure
from vaurien.errors import ConfigError

from .blocks import DOCS, ROOT

HERE = ROOT / 'packaging'
#: the oldest and the newest Kubernetes that the manifests are held against
VERSIONS = '1.29', '1.34'
MANIFESTS = sorted(path for path in (HERE / 'kubernetes').rglob('*.yaml') if path.name != 'kustomization.yaml')
FOLDERS = sorted(path.parent for path in (HERE / 'kubernetes').rglob('kustomization.yaml'))
ASKED = ['vaurienctl', 'proxies']       #: what asks for the health


def named(path):
    """Return a path as the project has it."""
    return path.relative_to(HERE).as_posix()


def read(path):
    return yaml.safe_load(path.read_text('utf-8'))


def pod(folder):
    """Return what the pod of a folder is made of."""
    return read(folder / 'deployment.yaml')['spec']['template']['spec']


def vaurien_of(folder):
    """Return the container of vaurien in a folder."""
    made = pod(folder)
    container, = (one for one in [*made.get('initContainers', ()), *made['containers']] if one['image'] == 'vaurien')
    return container


@pytest.fixture(scope='module')
def stages():
    """The stages of the Dockerfile: of each its instructions, in order, as pairs."""
    text = re.sub(r'^#.*\n', '', (HERE / 'Dockerfile').read_text('utf-8'), flags=re.MULTILINE).replace('\\\n', ' ')
    first, *rest = [line.split(' ', 1) for line in text.splitlines() if line]
    assert first[0] == 'FROM'
    found = [[first]]
    for line in rest:
        found.append([line]) if line[0] == 'FROM' else found[-1].append(line)
    return found


COMMANDS = {
    'compose': lambda: read(HERE / 'compose.yaml')['services']['chaos']['command'],
    'image': lambda: json.loads(re.search(r'^CMD (.*)', (HERE / 'Dockerfile').read_text('utf-8'), re.MULTILINE)[1]),
    **{named(folder): (lambda folder=folder: vaurien_of(folder)['args']) for folder in FOLDERS},
}


@pytest.mark.parametrize('place', COMMANDS)
def test_every_flag_exists_and_the_control_server_that_is_asked_for_health_is_on(place):
    spec = configure(COMMANDS[place](), {}).spec
    assert (spec.http, spec.http_host, spec.http_port) == (True, 'localhost', 8080)
    with pytest.raises(ConfigError, match='--htttp'):
        configure([flag.replace('--http', '--htttp') for flag in COMMANDS[place]()], {})


def test_what_asks_for_health_sees_a_vaurien_that_lives_and_one_that_does_not():
    ask = [sys.executable, '-c', 'import sys; from vaurien.ctl import main; sys.exit(main())', *ASKED[1:]]
    with daemon('--fleet-only', '--http', '--http-port', '0', proxies=0) as process:
        environ = {**os.environ, 'VAURIEN_CONTROL': process.control}
        assert subprocess.run(ask, env=environ, capture_output=True, check=False).returncode == 0
    assert subprocess.run(ask, env=environ, capture_output=True, check=False).returncode != 0


def test_the_image_has_no_compiler_and_no_checkout_and_runs_as_a_number_that_is_not_root(stages):
    build, image = stages
    assert all(line[1].startswith('python:3.13-slim') for line in (build[0], image[0]))
    assert ['COPY', '. /src'] in build
    assert 'COPY' not in {line[0] for line in image}
    told = {name: value for name, value in image if name != 'RUN'}
    assert re.fullmatch(r'[1-9]\d*:[1-9]\d*', told['USER'])
    assert json.loads(told['HEALTHCHECK'].split('CMD ')[1]) == ASKED
    assert json.loads(told['ENTRYPOINT']) == ['vaurien']
    uid = told['USER'].split(':')[0]
    assert f'useradd --system --uid {uid} ' in next(value for name, value in image if name == 'RUN')
    for folder in FOLDERS:
        assert str({**pod(folder)['securityContext'], **vaurien_of(folder)['securityContext']}['runAsUser']) == uid


def test_the_wheels_of_the_image_are_of_extras_that_there_are(stages):
    text = (ROOT / 'setup.py').read_text('utf-8')
    for extras in re.findall(r'\[([a-z,]+)\]"', (HERE / 'Dockerfile').read_text('utf-8')):
        for extra in extras.split(','):
            assert f"'{extra}': " in text


def test_compose_builds_the_image_and_closes_the_container():
    service = read(HERE / 'compose.yaml')['services']['chaos']
    context = (HERE / service['build']['context']).resolve()
    assert (context, context / service['build']['dockerfile']) == (ROOT, HERE / 'Dockerfile')
    assert (service['read_only'], service['cap_drop']) == (True, ['ALL'])
    proxy, = configure(service['command'], {}).spec.proxies
    assert service['ports'] == [f'127.0.0.1:{port}:{port}' for port in [proxy.proxy.rpartition(':')[2]]]
    assert proxy.backend.rpartition(':')[0] in service['depends_on']


@pytest.mark.parametrize('version', VERSIONS)
@pytest.mark.parametrize('path', MANIFESTS, ids=named)
def test_a_manifest_is_what_the_schema_of_kubernetes_says(path, version):
    made = read(path)
    kubernetes_validate.validate(made, version, strict=True)
    wrong = copy.deepcopy(made)
    wrong['spec']['replcas'] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


@pytest.mark.parametrize('folder', FOLDERS, ids=named)
def test_a_kustomization_names_all_files_of_its_folder_and_images_that_they_use(folder):
    made = read(folder / 'kustomization.yaml')
    assert sorted(made['resources']) == sorted(path.name for path in folder.glob('*.yaml') if path.name != 'kustomization.yaml')
    assert {image['name'] for image in made['images']} <= {vaurien_of(folder)['image']}


@pytest.mark.parametrize('folder', FOLDERS, ids=named)
def test_a_pod_is_closed_limited_and_asked_for_its_health(folder):
    made, container = pod(folder), vaurien_of(folder)
    assert made['securityContext']['runAsNonRoot'] is True
    assert made['automountServiceAccountToken'] is False
    assert container['securityContext'] | {'runAsUser': 0, 'runAsGroup': 0} == {
        'allowPrivilegeEscalation': False, 'readOnlyRootFilesystem': True, 'capabilities': {'drop': ['ALL']},
        'runAsUser': 0, 'runAsGroup': 0}
    assert container['resources']['limits']['memory']
    probes = [container[name] for name in container if name.endswith('Probe')]
    assert len(probes) == 2
    assert all(probe['exec']['command'] == ASKED for probe in probes)


def test_the_program_beside_the_sidecar_is_told_the_address_of_the_proxy():
    folder = HERE / 'kubernetes' / 'sidecar'
    proxy, = configure(vaurien_of(folder)['args'], {}).spec.proxies
    program, = pod(folder)['containers']
    assert program['env'] == [{'name': 'REDIS_URL', 'value': f'redis://{proxy.proxy}/0'}]
    assert vaurien_of(folder)['restartPolicy'] == 'Always', 'a container that is started first would have to end first'


def test_the_gateway_listens_where_its_service_leads_and_its_policy_lets_through():
    folder = HERE / 'kubernetes' / 'gateway'
    container = vaurien_of(folder)
    proxy, = configure(container['args'], {}).spec.proxies
    (_, listens), (backend, answers) = (address.rsplit(':', 1) for address in (proxy.proxy, proxy.backend))
    labels = read(folder / 'deployment.yaml')['spec']['template']['metadata']['labels']
    service, policy = read(folder / 'service.yaml')['spec'], read(folder / 'networkpolicy.yaml')['spec']
    assert service['selector'] == policy['podSelector']['matchLabels'] == labels
    assert container['ports'] == [{'name': service['ports'][0]['targetPort'], 'containerPort': int(listens)}]
    assert service['ports'][0]['port'] == int(answers)
    assert [port['port'] for rule in policy['ingress'] for port in rule['ports']] == [int(listens)]
    assert policy['egress'][0] == {'to': [{'podSelector': {'matchLabels': {'app': backend}}}],
                                   'ports': [{'protocol': 'TCP', 'port': int(answers)}]}


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there, as systemd wants to see one."""
    text = (HERE / 'vaurien.service').read_text('utf-8')
    (tmp_path / 'vaurien.service').write_text(text.replace('/usr/bin/vaurien', '/bin/true'))
    return tmp_path / 'vaurien.service'


def test_systemd_takes_the_unit(unit):
    if shutil.which('systemd-analyze') is None:
        assert not os.environ.get('VAURIEN_REQUIRE_SERVERS'), 'systemd-analyze is missing'
        pytest.skip('systemd-analyze is missing')
    for text, said in (unit.read_text(), ''), (unit.read_text().replace('PrivateTmp', 'PrivteTmp'), 'PrivteTmp'):
        unit.write_text(text)
        done = subprocess.run(['systemd-analyze', 'verify', str(unit)], capture_output=True, text=True, check=False)
        assert (said in done.stderr) if said else (done.returncode, done.stderr) == (0, '')


def test_the_command_of_the_unit_is_right_and_its_state_is_where_vaurien_keeps_it(tmp_path):
    text = (HERE / 'vaurien.service').read_text('utf-8')
    program, *flags = re.search(r'^ExecStart=(.*)', text, re.MULTILINE)[1].split()
    (tmp_path / 'vaurien.ini').write_text('[vaurien]\nproxy = localhost:0\nbackend = localhost:1\n')
    assert Path(program).name == 'vaurien'
    assert configure([flag.replace('/etc', str(tmp_path)) for flag in flags], {}).spec.proxies
    state = re.search(r'^StateDirectory=(.*)', text, re.MULTILINE)[1]
    assert 'Environment=XDG_DATA_HOME=/var/lib\n' in text
    assert state == 'vaurien'


def test_the_page_names_each_file_that_there_is():
    text = (DOCS / 'howto' / 'deploy.rst').read_text('utf-8')
    for path in [HERE / 'Dockerfile', HERE / 'compose.yaml', HERE / 'vaurien.service', *FOLDERS]:
        assert f'packaging/{named(path)}' in text
