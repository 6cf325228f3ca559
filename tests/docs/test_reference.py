"""Whatever a user can give, see or call has its line in the reference; and pages name nothing that there is not."""
import argparse
import contextlib
import csv
import re
import socket

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.daemon import daemon
from tests.support.own import own
from tests.support.unit_of_time import PATIENCE
from vaurien import conformance
from vaurien.behaviors import Behavior
from vaurien.cli import command as cli
from vaurien.cli import scenario
from vaurien.config import arguments
from vaurien.config.settings import LEVELS, PROXY, STATSD, VAURIEN, flag_of
from vaurien.control import app, classic
from vaurien.control.native import calls as native
from vaurien.ctl import command as ctl
from vaurien.ctl.cluster.command import make_parser as make_cluster_parser
from vaurien.explore.settings import EXPLORE
from vaurien.options import flag
from vaurien.outputs.prometheus import Metrics
from vaurien.outputs.statsd import counters
from vaurien.plans.files import MAX_ENTRIES, parse_plan
from vaurien.plans.grammar import WHERE, read_fault
from vaurien.plugins import KINDS, WITH_FLAGS, make_catalog
from vaurien.protocols import Protocol
from vaurien.proxies.fleet import Fleet
from vaurien.run.settings import RUN
from vaurien.spec import ProxySpec

from .blocks import DOCS, ROOT, blocks, pages
from .reference import directives, extension, generated, page

OWN = {kind: registry for kind, (registry, _) in KINDS.items()}
OPTIONS = {kind: registry.options for kind, registry in OWN.items()}


def names(kind):
    return own(OWN[kind])


PLUGINS = [(kind, name) for kind in OWN for name in names(kind)]


@pytest.fixture(scope='module')
def fleet():
    made = Fleet(1)
    yield made
    made.close()


def part(text, label):
    """Return the section below a label."""
    return text.split(f'.. _{label}:', 1)[1].split('\n.. _', 1)[0]


# -- plugins

@pytest.mark.parametrize('kind, name', PLUGINS)
def test_plugin_has_its_section_with_all_it_can_be_told(kind, name):
    text = page(f'reference/{kind}s')     # made of the class: its docstring and its options
    common = text.split(f'.. _{kind}-common:')[1].split('\n.. _', 1)[0] if f'.. _{kind}-common:' in text else ''
    found = part(text, f'{kind}-{name}')
    for option, declared in OPTIONS[kind](OWN[kind].get(name)).items():
        assert f'``{option}``' in found + common
        assert declared.description.rstrip('.') in found + common


@pytest.mark.parametrize('kind, name', PLUGINS)
def test_plugin_says_what_the_user_observes(kind, name):
    said = OWN[kind].get(name).__doc__
    assert said, 'the docstring of the class is its text in the reference: say what the client observes'
    assert said.split('\n')[0] in part(page(f'reference/{kind}s'), f'{kind}-{name}')


@pytest.mark.parametrize('name', names('protocol'))
def test_kinds_of_error_are_described(name):
    found = part(page('reference/protocols'), f'protocol-{name}')
    for kind, declared in Protocol.get(name).errors.items():
        assert f'- ``{kind}``' in found
        assert ' '.join(declared.description.split()) in found


@pytest.mark.parametrize('name', [name for name in names('protocol') if Protocol.get(name).errors])
def test_protocol_with_errors_has_a_page_on_how_to_break_it(name):
    path = DOCS / 'howto' / f'{name}.rst'
    assert path.exists(), f'write docs/howto/{name}.rst, as redis.rst beside it'
    assert directives(path) == [f'kinds {name}', f'realism {name}'], 'the page has these two directives, in this order'
    assert '   * - ' in generated(f'realism {name}')
    assert f'\n   {name}\n' in (DOCS / 'howto' / 'index.rst').read_text('utf-8'), 'name the page in docs/howto/index.rst'


def test_checks_for_authors_of_plugins_are_documented():
    text = (DOCS / 'reference' / 'python.rst').read_text('utf-8')
    named = re.search(r'automodule:: vaurien.conformance\n   :members: (.*)', text)[1].split(', ')
    assert named == [name for name in vars(conformance) if name.startswith('check_')]


# -- command lines

def flags_of(parser):
    return {name for action in parser._actions for name in action.option_strings}


def full_parser():
    return arguments.full_parser(make_catalog()[0])


@pytest.mark.parametrize('name', sorted(flags_of(extension().commands.parser())))
def test_flag_is_documented(name):
    assert re.search(rf'^\.\. option:: (.*, )?{re.escape(name)}( |,|$)', page('reference/commandline'), re.MULTILINE)


def test_the_docs_have_the_flags_that_vaurien_has():
    mine = {flag(kind, name, option) for kind, name in PLUGINS if kind in WITH_FLAGS
            for option in OPTIONS[kind](OWN[kind].get(name))}
    assert mine <= flags_of(extension().commands.parser()) <= flags_of(full_parser())


def commands_of(parser):
    return next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction)).choices


@pytest.mark.parametrize('name', sorted(commands_of(ctl.make_parser())))
def test_command_of_vaurienctl_is_documented(name):
    text = page('reference/vaurienctl')
    found = text.split(f'.. program:: vaurienctl-{name}\n', 1)[1].split('.. program::', 1)[0]
    common = text.split('.. program:: vaurienctl-', 1)[0]
    for action in commands_of(ctl.make_parser())[name]._actions:
        for option in action.option_strings or [f'``{action.metavar}']:
            assert option in found + common


@pytest.mark.parametrize('name', commands_of(make_cluster_parser(ctl.Parser)))
def test_command_of_a_cluster_is_documented(name):
    text = page('reference/cluster')
    found = text.split(f'.. program:: vaurienctl-cluster-{name}\n', 1)[1].split('.. program::', 1)[0]
    common = text.split('.. program:: vaurienctl-cluster-', 1)[0]
    for action in commands_of(make_cluster_parser(ctl.Parser))[name]._actions:
        for option in action.option_strings or [f'``{action.metavar}']:
            assert option in found + common or action.dest == 'help'


@pytest.mark.parametrize('name, module', [('commandline', cli), ('vaurienctl', ctl)])
def test_exit_statuses_are_documented(name, module):
    text = page(f'reference/{name}').split('Exit statuses\n', 1)[1].split('\n\n   * - status', 1)[1].split('\n\n', 1)[0]
    said = {int(number) for number in re.findall(r'^   \* - (\d+)$', text, re.MULTILINE)}
    there = {value for key, value in vars(module).items() if key.isupper() and isinstance(value, int) and value in
             (0, 1, 2, 3, 130) and key in ('DONE', 'FAILED', 'USAGE', 'INTERRUPTED', 'REFUSED', 'NO_SERVER', 'UNMET')}
    assert said == there


@pytest.mark.parametrize('name', [*RUN, 'help'])
def test_an_option_of_run_is_documented(name):
    assert f'.. option:: {flag_of(name)}' in page('reference/run')


def test_each_form_of_an_address_is_documented():
    text = page('reference/run')
    with (DOCS / 'reference' / 'run-addresses.csv').open(encoding='utf-8', newline='') as table:
        for row in csv.DictReader(table):
            assert f'``{row["text"]}``' in text
            assert f'``{row["becomes"]}``' in text or row['note'].startswith('refused')


# -- INI

@pytest.mark.parametrize('section, options', [('vaurien', VAURIEN), ('proxy:NAME', PROXY), ('statsd', STATSD)])
def test_ini_key_is_documented(section, options):
    found = page('reference/ini').split(f'\n[{section}]\n---', 1)[1].split('\n[', 1)[0]
    for key in options:
        assert f'- ``{key.rpartition(".")[2]}``' in found


@pytest.mark.parametrize('words', ['``extends``', '``extends = ', '``callable``', '``behavior.NAME.OPTION``',
                                   '``protocol.OPTION``', *(f'\n[{kind}:NAME]\n' for kind in WITH_FLAGS)])
def test_special_ini_key_is_documented(words):
    assert words in page('reference/ini')


# -- HTTP

def all_surfaces(fleet):
    return [native.make_surface(fleet), classic.make_surface(fleet),
            *(surface for name, surface in extension().http.surfaces().items() if name != 'classic')]


def test_routes_are_documented(fleet):
    text = page('reference/http')
    for surface in all_surfaces(fleet):
        for route in surface.routes:
            path = re.sub(r':int}', '}', route.path)
            assert f'{route.method} {path}\n' in text or f'``{route.method} {path}``' in text, route


def test_the_server_has_no_surface_that_the_docs_do_not_know():
    source = (ROOT / 'vaurien' / 'control' / 'app.py').read_text()
    assert set(re.findall(r'(\w+)\.make_surface\(', source)) <= {'native', *extension().http.surfaces()}
    assert hasattr(app, 'ControlServer')


def test_objects_of_the_api_are_documented():
    text, document = page('reference/http'), extension().http.document()
    for name, schema in document['components']['schemas'].items():
        found = part(text, f'schema-{name}')
        for key in schema.get('properties', {}):
            assert f'- ``{key}``' in found


# -- metrics and the log

def test_metrics_are_documented(fleet):
    fleet.create(ProxySpec(name='measured', proxy='127.0.0.1:0', backend='127.0.0.1:9'))
    text = page('reference/metrics')
    families = text_string_to_metric_families(Metrics(fleet).text().decode())
    found = {sample.name for family in families for sample in family.samples}
    assert len(found) > 5
    for name in found:
        assert f'``{name}``' in text
    for name in counters(fleet.get('measured')):
        assert f'``{name}``' in text


def test_levels_are_documented():
    text = page('reference/logging')
    for level in LEVELS:
        assert f'\n   * - {level}\n' in text


def test_messages_of_the_log_are_documented_where_they_are_logged(tmp_path):
    text = page('reference/logging')
    quiet = ('--backend', '127.0.0.1:9', '--log-level', 'debug', '--log-output', str(tmp_path / 'log'))
    with daemon(*quiet) as running, contextlib.suppress(ConnectionError), \
            socket.create_connection(('127.0.0.1', running.port), timeout=PATIENCE) as client:
        client.recv(1)      # there is no backend at that port
    lines = [re.split(r' vaurien[.\w]*: ', line, maxsplit=1) for line in (tmp_path / 'log').read_text().splitlines()]
    patterns = [re.sub(r'<[^>]*>', '.*', re.escape(found)) for found in re.findall(r'- ``(.*[ :].*)``', text)]
    assert len(lines) >= 4
    for _, message in lines:
        assert any(re.fullmatch(pattern, message) for pattern in patterns), message


# -- plans

def test_the_entries_that_the_page_on_plans_shows_are_read():
    text = (DOCS / 'reference' / 'plan.rst').read_text('utf-8')
    shown = re.findall(r'^   \* - ``(.*)``$', text, re.MULTILINE)
    assert len(shown) > 5
    for entry in shown:
        spec = read_fault(entry)
        assert any(spec.name in (*protocol.errors, *names('behavior'), *names('toxic')) or protocol.kinds_named(spec.name)
                   for protocol in map(Protocol.get, names('protocol'))), entry
    path = DOCS / 'howto' / 'plans.rst'
    plan, = (block.text for block in blocks(path) if block.language == 'toml')
    assert len(parse_plan(plan.encode(), 'plan.toml')) == 2
    assert f'{MAX_ENTRIES:,} entries' in text
    assert set(WHERE) <= set(re.findall(r'- ``(\w+)``', page('reference/plan')))


# -- nothing that there is not

#: flags in the docs that belong to other programs
FOREIGN = re.compile(r'--(vaurien-seed|tls|connect-to|fail|max-time|skip-ssl|inject|quick|quiet|keep|instructions|'
                     r'extra|other|rm|build|detach|wait|no-raw|option|x|no-x|file|restrict|host|json|follow|help|version|system|no-cache-dir|health|'
                     r'upgrade|pre|from|prefix|test-name-pattern|test)\b')
#: of a behavior, as vaurienctl --cluster has it; of chaos, docker and systemctl
FOREIGN_OPTIONS = {'--delay-sleep', '--rollback-strategy', '--read-only', '--cap-drop', '--security-opt', '--now'}
FLAG = re.compile(r'(?<![\w-])--[a-z][a-z0-9-]*')


@pytest.mark.parametrize('path', pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page_names_only_flags_that_there_are(path):
    known = flags_of(full_parser()) | {name for command in commands_of(ctl.make_parser()).values() for name in flags_of(command)}
    known |= {name for command in commands_of(make_cluster_parser(ctl.Parser)).values() for name in flags_of(command)}
    known |= flags_of(scenario.make_parser()) | {flag_of(name) for name in (*RUN, *EXPLORE)}
    known |= {f'--{option}' for cls in map(Behavior.get, names('behavior')) for option in Behavior.options(cls)}
    known |= {'--behavior-late-least', '--behavior-late-most', '--behavior-NAME-OPTION', '--protocol-NAME-OPTION'}
    found = {name for name in FLAG.findall(path.read_text('utf-8')) if not FOREIGN.fullmatch(name)} - FOREIGN_OPTIONS
    assert {name for name in found if name.rstrip('-') not in known and name not in ('--behavior-', '--protocol-')} == set()


@pytest.mark.parametrize('path', pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page_names_only_calls_that_there_are(path, fleet):
    known = {re.sub(r':int}', '}', route.path) for surface in all_surfaces(fleet) for route in surface.routes}
    for found in re.findall(r'`(?:GET |PUT |POST |PATCH |DELETE )(/[\w/{}.]*)', path.read_text('utf-8')):
        assert found in known or not found.startswith(('/v1', '/behavior', '/backend', '/health', '/metrics')), \
            f'there is no {found}; calls are named with their parameters, as /v1/proxies/{{proxy}}'


@pytest.mark.parametrize('path', [path for path in pages() if path.name != 'changes.rst' and 'realism' not in path.parts
                                  and path.name not in ('README.rst', 'realism.rst', 'bench-figures.rst',
                                                        'toxiproxy-differences.rst')],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_page_says_first_what_its_reader_can_do(path):
    first = re.split(r'\n=+\n', path.read_text('utf-8'), maxsplit=1)[1].strip().split('\n\n', 1)[0]
    assert re.match(r'(With (this|these) pages?|Here you (find|look)|At the end of this page|Each of these pages)', first), first


def test_examples_of_protocols_in_the_docs_are_files():
    for path in (DOCS / 'extending').glob('*.rst'):
        for name in re.findall(r'literalinclude:: (\S+)', path.read_text('utf-8')):
            assert (DOCS / name.lstrip('/')).exists()
