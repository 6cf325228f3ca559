"""How a command is told of the forward proxy of its run, and what would keep it from going through it."""
import os

import pytest

from vaurien.address import Address
from vaurien.errors import ConfigError
from vaurien.options import Given
from vaurien.run.intercepting import comes_to_node, notes, read_intercept, reads_environment, variables

DOOR = Address('127.0.0.1', 4711)
URL = 'http://127.0.0.1:4711'


def place(*texts):
    return read_intercept([Given(text, '--intercept') for text in texts])


def test_what_is_said_several_times_adds_up():
    assert place() is None
    assert place('API.test', '*.b.test:8443=localhost').intercept == 'api.test,*.b.test:8443=localhost'
    assert place('api.test', '*.b.test').opened == ['api.test', '*.b.test']


def test_where_it_leads_is_known_to_those_who_ask_whether_it_may_be_written_to():
    assert place('api.test,*.b.test:8443=10.0.0.1,*.c.test').reached == \
        [Address('api.test', 0), Address('10.0.0.1', 8443), Address('*.c.test', 0)]


@pytest.mark.parametrize('text', ['', ' ', 'a b', 'a.test:0'])
def test_what_names_no_host_is_refused_under_the_name_of_its_flag(text):
    with pytest.raises(ConfigError, match='^--intercept: .* is not valid, expected hosts with commas between them'):
        place(text)


def test_programs_are_told_in_both_cases_and_in_the_words_of_node_and_java():
    told = variables(DOOR, 'api.test', {'JAVA_TOOL_OPTIONS': '-Xmx1g'})
    assert {name: told[name] for name in ('HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy')} == \
        dict.fromkeys(('HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'), URL)
    assert told['NO_PROXY'] == told['no_proxy'] == 'localhost,127.0.0.1,::1'
    assert told['NODE_USE_ENV_PROXY'] == '1'
    assert told['JAVA_TOOL_OPTIONS'] == (
        '-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4711 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4711 '
        '-Dhttp.nonProxyHosts=localhost|127.0.0.1|[::1]')


def test_a_host_of_this_machine_that_is_named_goes_through_it():
    assert variables(DOOR, 'localhost:8000,[::1]:1', {})['NO_PROXY'] == '127.0.0.1'


VERSIONS = {'v18.20.0': False, 'v20.19.2': False, 'v22.20.0': False, 'v22.21.0': True, 'v23.9.0': False, 'v24.0.0': True,
            'v26.1.0': True}


@pytest.mark.parametrize('version', VERSIONS)
def test_which_versions_of_node_read_a_proxy_from_the_environment(version):
    assert reads_environment(version) is VERSIONS[version]


def executable(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_command_comes_to_node_by_its_words_or_by_its_first_line(tmp_path):
    executable(tmp_path, 'tool', '#!/usr/bin/env node\n')
    executable(tmp_path, 'other', '#!/bin/sh\n# node\n')
    environ = {'PATH': str(tmp_path)}
    assert [comes_to_node(command, environ) for command in
            (['node', 'x.js'], ['/usr/bin/npm', 'test'], ['sh', '-c', 'exec node x.js'], ['tool'])] == [True] * 4
    assert not any(comes_to_node(command, environ) for command in (['pytest'], ['other'], ['sh', '-c', 'run nodes'], ['none']))


@pytest.mark.parametrize('version, warned', [('v20.19.2', True), ('v24.1.0', False), ('', False)])
def test_a_node_that_reads_no_proxy_is_warned_of_in_one_line(version, warned, tmp_path):
    executable(tmp_path, 'node', f'#!/bin/sh\necho {version}\n')
    environ = {'PATH': f'{tmp_path}{os.pathsep}{os.defpath}'}
    found = list(notes(['node', 'x.js'], environ))
    assert [version in line and 'HTTPS_PROXY' in line for line in found] == [True] * warned
    assert list(notes(['pytest'], environ)) == []


def test_another_proxy_of_the_environment_is_not_asked_and_that_is_said():
    assert list(notes(['pytest'], {'https_proxy': 'http://proxy.test:3128'})) == \
        ['--intercept: https_proxy names another proxy, which is not asked while this runs']
