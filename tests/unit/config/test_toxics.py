"""Toxics and links from the command line and the INI file: forms, names, which proxy has which, and how mistakes are named."""
from pathlib import Path

import pytest

from tests.support.own import own
from vaurien.config import configure
from vaurien.config.settings import TOXIC
from vaurien.config.toxics import read_toxic
from vaurien.errors import ConfigError
from vaurien.links import make_link
from vaurien.spec import ToxicSpec
from vaurien.toxics import TOXICS

from .configuring import configuration, new_folder, proxy, refused, spec  # noqa: F401 - a fixture


def toxics(*argv, **kwargs):
    return proxy(*argv, **kwargs).toxics


# -- the form of the command line

WRITTEN = [
    ('latency', ToxicSpec(type='latency')),
    ('latency:', ToxicSpec(type='latency')),
    ('latency:latency=100,jitter=20', ToxicSpec(type='latency', attributes={'latency': 100, 'jitter': 20})),
    ('latency@upstream:latency=1', ToxicSpec(type='latency', stream='upstream', attributes={'latency': 1})),
    ('latency@downstream', ToxicSpec(type='latency', stream='downstream')),
    ('latency~0.3', ToxicSpec(type='latency', toxicity=0.3)),
    ('latency@upstream~0.3:latency=100', ToxicSpec(type='latency', stream='upstream', toxicity=0.3, attributes={'latency': 100})),
    ('bandwidth:rate=5,shared=yes', ToxicSpec(type='bandwidth', attributes={'rate': 5, 'shared': True})),
    ('corrupt:rate=1e-3', ToxicSpec(type='corrupt', attributes={'rate': 0.001})),
    ('latency:distribution=pareto', ToxicSpec(type='latency', attributes={'distribution': 'pareto'})),
]


@pytest.mark.parametrize('text, expected', WRITTEN)
def test_a_toxic_is_read_as_it_is_written(text, expected):
    assert read_toxic(text, '--toxic') == expected


TYPES = f'one of {", ".join(own(TOXICS))}'
WRONG = [
    ('ltency', "--toxic: 'ltency'", TYPES),
    ('', "--toxic: ''", None),
    (':latency=1', "--toxic: ':latency=1'", TOXIC),
    ('latency@sideways', "--toxic stream: 'sideways'", 'one of downstream, upstream'),
    ('latency@', "--toxic stream: ''", 'one of downstream, upstream'),
    ('latency~2', "--toxic toxicity: '2'", 'a number from 0 to 1'),
    ('latency~', "--toxic toxicity: ''", 'a number from 0 to 1'),
    ('latency~0.3@upstream', "--toxic toxicity: '0.3@upstream'", 'a number from 0 to 1'),
    ('latency:latency=long', "--toxic latency: 'long'", 'an integer'),
    ('latency:latency=1.5', "--toxic latency: '1.5'", 'an integer'),
    ('latency:latency', "--toxic: 'latency:latency'", TOXIC),
    ('latency:=1', "--toxic: 'latency:=1'", TOXIC),
    ('latency:latency=1,', "--toxic: 'latency:latency=1,'", TOXIC),
    ('latency:latency=1,latency=2', "--toxic: 'latency:latency=1,latency=2'", TOXIC),
    ('latency:stream=upstream', "--toxic: 'latency:stream=upstream'", TOXIC),
    ('latency:latncy=1', "--toxic: 'latncy'", 'a known name, the nearest is latency'),
    ('latency:distribution=flat', "--toxic distribution: 'flat'", 'one of uniform, normal, pareto, lognormal'),
    ('corrupt:rate=2', "--toxic rate: '2'", 'a number from 0 to 1'),
]


@pytest.mark.parametrize('text, subject, expected', WRONG)
def test_a_wrong_toxic_is_named_with_its_flag_its_value_and_what_is_allowed(text, subject, expected):
    with pytest.raises(ConfigError) as caught:
        read_toxic(text, '--toxic')
    assert str(caught.value) == f'{subject} is not valid, expected {expected or TOXIC}'
    if text:
        assert refused('--toxic', text) == str(caught.value)


def test_toxics_add_up_and_a_second_one_has_a_numbered_name():
    texts = ('latency:latency=1', 'noop', 'latency@upstream', 'latency:latency=2', 'latency')
    found = toxics(*(f'--toxic={text}' for text in texts))
    assert [toxic.name for toxic in found] == [
        'latency_downstream', 'noop_downstream', 'latency_upstream', 'latency_downstream_2', 'latency_downstream_3']
    assert found[3].attributes == {'latency': 2}


# -- sections

SECTION = '[toxic:slow]\ntype = latency\nstream = upstream\ntoxicity = 0.5\nlatency = 100\n'
SLOW = ToxicSpec(type='latency', name='slow', stream='upstream', toxicity=0.5, attributes={'latency': 100})
OTHER = '[proxy:other]\nproxy = 127.0.0.1:0\n'


def test_a_section_is_a_toxic_of_the_main_proxy_under_its_name():
    found = spec(ini=f'{SECTION}{OTHER}').proxies
    assert [one.toxics for one in found] == [(SLOW,), ()]


def test_a_section_without_type_is_named_by_it():
    limit = ToxicSpec(type='limit_data', name='limit_data', attributes={'bytes': 5})
    assert toxics(ini='[toxic:limit_data]\nbytes = 5') == (limit,)


def test_a_proxy_names_its_toxics_one_a_line_in_its_order():
    main, other = spec(ini=f'{SECTION}[toxic:noop]\n[toxic:thin]\ntype = bandwidth\n'
                           f'{OTHER}toxic = thin\n  noop@upstream\n  slow\n').proxies
    assert [toxic.name for toxic in main.toxics] == ['noop']
    assert [toxic.name for toxic in other.toxics] == ['thin', 'noop_upstream', 'slow']


def test_two_proxies_may_have_the_same_toxic():
    main, other = spec(ini=f'[vaurien]\ntoxic = slow\n{SECTION}{OTHER}toxic = slow').proxies
    assert main.toxics == other.toxics == (SLOW,)


def test_the_command_line_adds_to_sections_and_wins_over_the_key():
    ini = f'[vaurien]\ntoxic = noop\n{SECTION}'
    assert [toxic.name for toxic in toxics(ini=ini)] == ['slow', 'noop_downstream']
    assert [toxic.name for toxic in toxics('--toxic', 'timeout', ini=ini)] == ['slow', 'timeout_downstream']
    assert [toxic.name for toxic in toxics('--toxic', 'slow', ini=ini)] == ['slow']


def test_a_flag_is_of_the_main_proxy_alone():
    main, other = spec('--toxic', 'noop', '--link', 'dsl', ini=OTHER).proxies
    assert len(main.toxics) == 5
    assert other.toxics == ()


@pytest.mark.parametrize('ini, message', [
    ('[toxic:slow]\ntype = ltency', f"main.ini [toxic:slow] type: 'ltency' is not valid, expected {TYPES}"),
    ('[toxic:slow]\nlatency = 1', f"main.ini [toxic:slow] type: 'slow' is not valid, expected {TYPES}"),
    ('[toxic:slow]\ntype = latency\nlatncy = 1',
     "main.ini [toxic:slow]: 'latncy' is not valid, expected a known name, the nearest is latency"),
    ('[toxic:slow]\ntype = latency\nlatency = x', "main.ini [toxic:slow] latency: 'x' is not valid, expected an integer"),
    ('[toxic:slow]\ntype = latency\ntoxicity = -1',
     "main.ini [toxic:slow] toxicity: '-1' is not valid, expected a number from 0 to 1"),
    ('[toxic:slow]\ntype = latency\nstream = both',
     "main.ini [toxic:slow] stream: 'both' is not valid, expected one of downstream, upstream"),
    ('[vaurien]\ntoxic = x', f"main.ini [vaurien] toxic: 'x' is not valid, expected {TYPES}"),
    ('[toxic:]\ntype = noop', "main.ini: '[toxic:]' is not valid, expected "),
    ('[toxic:noop]\n[vaurien]\ntoxic = noop\n  noop',
     "main.ini [vaurien] toxic: 'noop' is not valid, expected each toxic once, and names that no other one has"),
    ('[vaurien]\nlink = 5g', "main.ini [vaurien] link: '5g' is not valid, expected one of gprs, edge, "),
])
def test_a_mistake_in_a_file_is_named_with_file_section_and_key(ini, message):
    assert refused(ini=ini).startswith(message)


def test_an_option_of_no_plain_type_is_kept_as_text():
    more = '    options = {"at": ("When", lambda text: frozenset(text), None)}\n'
    Path('plugin_words.py').write_text(CUSTOM.format(more=more))
    ini = '[toxic:words]\ncallable = plugin_words:Custom\nat = b a b'
    assert toxics(ini=ini)[0].attributes == {'at': 'b a b'}


# -- classes of others

CUSTOM = ('from vaurien.toxics.base import Toxic\n\n\nclass Custom(Toxic):\n    """It is odd. And more."""\n\n'
          '    name = "odd"\n{more}')


@pytest.fixture
def custom():
    Path('plugin_odd.py').write_text(CUSTOM.format(more='    options = {"level": ("Parts, up to 100%", int, 1)}\n'))


def test_a_callable_is_a_class_for_a_section_whose_name_is_its_own(custom):
    ini = '[toxic:strange]\ncallable = plugin_odd:Custom\nlevel = 5\n[toxic:two]\ntype = odd\n'
    expected = (ToxicSpec(type='odd', name='strange', attributes={'level': 5}), ToxicSpec(type='odd', name='two'))
    assert toxics(ini=ini) == expected
    assert toxics(ini=ini) == expected      # read again


def test_a_callable_is_called_as_its_type_says(custom):
    ini = '[toxic:strange]\ntype = even\ncallable = plugin_odd:Custom\nlevel = 4'
    toxic, = toxics(ini=ini)
    assert (toxic.type, toxic.name, toxic.attributes) == ('even', 'strange', {'level': 4})


def test_a_plugin_may_register_a_toxic_and_the_help_has_it(custom, capsys):
    Path('plugin_also.py').write_text('from plugin_odd import Custom\nfrom vaurien.toxics import Toxic\nToxic.register(Custom)\n')
    assert toxics('--plugin', 'plugin_also', '--toxic', 'odd:level=7')[0].attributes == {'level': 7}
    with pytest.raises(SystemExit):
        configure(['--plugin', 'plugin_also', '--help-all'], {})
    assert 'toxic odd: It is odd. level=N: Parts, up to 100% (default: 1)' in ' '.join(capsys.readouterr().out.split())


def test_the_help_has_every_toxic_and_link_with_its_figures(capsys):
    with pytest.raises(SystemExit):
        configure(['--help-all'], {})
    text = ' '.join(capsys.readouterr().out.split())
    for name in TOXICS.names():
        assert f'toxic {name}: ' in text
        for attribute in TOXICS.get(name).options:
            assert f' {attribute}=' in text.split(f'toxic {name}: ', 1)[1].split(' toxic ', 1)[0]
    assert 'satellite: 279 ms each way, jitter 0 ms, 1000 kbit/s down, 256 up, 0.12 % lost' in text


# -- links

def link(name):
    return tuple(ToxicSpec(**toxic) for toxic in make_link(name))


def test_a_link_comes_before_other_toxics():
    noop = ToxicSpec(type='noop', name='noop_downstream')
    assert toxics('--link', '3g', '--toxic', 'noop', ini=SECTION) == (*link('3g'), SLOW, noop)


def test_a_proxy_has_a_link_of_its_own():
    main, other = spec(ini=f'[vaurien]\nlink = wifi\n{OTHER}link = gprs').proxies
    assert (main.toxics, other.toxics) == (link('wifi'), link('gprs'))


def test_a_section_with_the_name_of_a_links_toxic_is_refused():
    message = refused('--link', 'dsl', ini='[toxic:link_latency_upstream]\ntype = noop')
    assert message.startswith("--toxic: 'link_latency_upstream' is not valid, expected each toxic once")


SLOW_SECTION = '[toxic:slow]\ntype = latency\nlatency = 1\n'


@pytest.mark.parametrize('argv, ini, notes', [
    ([], SLOW_SECTION, ()),
    ([], f'{SLOW_SECTION}[proxy:one]\nproxy = :1\ntoxic = slow', ()),
    (['--fleet-only'], f'{SLOW_SECTION}[proxy:one]\ntoxic = slow', ()),
    (['--fleet-only'], f'{SLOW_SECTION}[proxy:one]\ntoxic = latency:latency=2',
     ('main.ini [toxic:slow] has no effect: no proxy has it as its toxic',)),
    ([], '[statsd]\nport = 8126', ('main.ini [statsd] has no effect without enabled = true',)),
    (['--statsd'], '[statsd]\nport = 8126', ()),
    ([], '[statsd]\nenabled = no\nport = 8126', ()),
], ids=str)
def test_a_section_that_nothing_uses_is_warned_of(argv, ini, notes):
    assert configuration(*argv, ini=ini).notes == notes
