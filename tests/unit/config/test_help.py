"""What is said of plugins: their words without marks, their options as they are written, and lines that fit."""
import pytest

from vaurien.config.help import page, short, titled
from vaurien.errors import ConfigError
from vaurien.links import LINKS
from vaurien.plugins import KINDS, make_catalog
from vaurien.protocols import Protocol

CATALOG = make_catalog(KINDS)[0]
NAMES = sorted({name for plugins in CATALOG.values() for name in plugins} | set(LINKS))


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')


@pytest.mark.parametrize('name', NAMES)
def test_each_plugin_and_link_has_a_page_that_fits(name):
    text = page([name], CATALOG)
    assert text.startswith(f'{name}: a ')
    assert max(map(len, text.splitlines())) <= 80
    assert '``' not in text
    assert text.endswith('\n')


@pytest.mark.parametrize('name', Protocol.names())
def test_a_protocol_shows_its_options_and_its_errors(name):
    lines = page([name], CATALOG).splitlines()
    for kind, entry in Protocol.get(name).errors.items():
        assert lines[lines.index(f'  {titled(kind, entry)}') + 1].split()[0] == entry.description.replace('``', '').split()[0]
    assert f'  --protocol-{name}-buffer N' in lines


@pytest.mark.parametrize('protocol, kind, title', [
    ('redis', 'readonly', 'readonly (READONLY), class A'), ('redis', 'watch-conflict', 'watch-conflict, class A'),
    ('smtp', 'greylisted', 'greylisted (450, 4.7.1), class A'), ('mysql', 'deadlock', 'deadlock (1213, 40001), class A'),
    ('http', 'lost-reply', 'lost-reply, class C, only by its name')])
def test_a_kind_shows_its_codes_and_its_class(protocol, kind, title):
    text = page([protocol], CATALOG)
    assert f'\n  {title}\n' in text
    assert '\n  C  done, and the response is lost\n' in text


def test_a_name_that_several_have_is_about_all_of_them():
    both = {**CATALOG, 'behavior': {**CATALOG['behavior'], 'latency': CATALOG['behavior']['delay']}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(KINDS['behavior'].registry), 'get', lambda self, name: type(name, (), {'__doc__': 'It is.'}))
        text = page(['latency'], both)
    assert 'latency: a behavior, for --behavior\n' in text
    assert 'latency: a toxic, for --toxic\n' in text


def test_a_name_that_nothing_has_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"^help: 'latencyy' is not valid, expected a known name, the nearest is latency$"):
        page(['redis', 'latencyy'], CATALOG)


def test_the_short_page_has_the_names_of_plugins_too():
    more = {**CATALOG, 'behavior': {**CATALOG['behavior'], **{f'fault{n}': CATALOG['behavior']['delay'] for n in range(9)}}}
    text = short(more)
    assert 'fault8' in text
    assert max(map(len, text.splitlines())) <= 80
