"""Whatever a user, a file or a request says: the parsers take it, or refuse it with the exception that is documented.

Inputs that once made one fail stay here as examples.
"""
import contextlib
import math
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vaurien.address import Address, parse_address, parse_backend
from vaurien.behaviors import Behavior
from vaurien.config import configure
from vaurien.config.files.ini import read_sections
from vaurien.config.settings import GROUPS, PROCESS, PROXY, STATSD, VAURIEN, flag_of
from vaurien.control.surface import Refusal, decode
from vaurien.errors import ConfigError, RegistrationError
from vaurien.mix import format_mix, parse_mix
from vaurien.options import Option, convert
from vaurien.plugins import make_catalog
from vaurien.spec import ProcessSpec, ProxySpec

few = settings(max_examples=300)


@pytest.fixture(scope='module', autouse=True)
def elsewhere(tmp_path_factory):
    """Let what opens a file of any name, like --tls-keylog, do so in a folder that goes."""
    with contextlib.chdir(tmp_path_factory.mktemp('elsewhere')):
        yield


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)

# -- addresses

pieces = st.sampled_from([':', '[', ']', '::1', 'unix:', '/', '0', '80', '65536', 'localhost', '127.0.0.1', '%eth0', '@', ' ',
                          '\0', '٣'])
addresses = st.text(max_size=40) | st.lists(pieces, max_size=8).map(''.join)


@few
@given(addresses | anything)
@example('[::1%eth0]:80')
@example('[]:0')
@example('unix:')
@example('unix:\0')
@example(':' + '0' * 10_000)
@example('host:٣')          # a digit, but not of ASCII
@example('host:²')          # isdigit() says yes, int() no
def test_addresses(text):
    for parse in (parse_address, parse_backend):
        with contextlib.suppress(ConfigError):
            address = parse(text)
            assert parse(str(address)) == address
            assert address.unix or 0 <= address.port <= 65535


@few
@given(st.sampled_from(['a', '127.0.0.1', '::1', 'x.example', '']), st.integers(0, 65535))
def test_addresses_that_were_written_are_read_again(host, port):
    assert parse_address(str(Address(host, port))) == Address(host, port)


# -- mixes

entries = st.lists(st.sampled_from([':', ',', '20', '1e2', 'nan', 'inf', '-1', '-0', '0.1', '1_0', 'delay', 'error', ' ', '٣',
                                    '100:']), max_size=8).map(''.join)


@few
@given(st.text(max_size=40) | entries)
@example('nan:delay')
@example('1e400:delay')
@example('1_0:delay')
@example('٣:delay')
@example(':')
@example('100:0:0')         # a name with a colon in it would be read as something else when it is written
@example('-0:delay')
@example('100:delay,1e-10:error')
def test_mixes(text):
    with contextlib.suppress(ConfigError):
        found = parse_mix(text)
        assert all(0 <= percent <= 100 and name for percent, name in found)
        assert sum(percent for percent, _ in found) <= 100.001
        assert not found or parse_mix(format_mix(found)) == found


# -- options

OPTIONS: dict[str, Option] = {**VAURIEN, **STATSD, **{
    f'{name}.{key}': option for name in Behavior.names() for key, option in Behavior.options(Behavior.get(name)).items()}}


@few
@given(st.sampled_from(sorted(OPTIONS)), anything)
@example('seed', '9' * 5_000)       # more digits than int() reads
@example('timeout', '1e400')
@example('timeout', 10 ** 400)      # no float is that large
@example('timeout', math.nan)
@example('http_host', '[')
@example('http_host', '::1%')
@example('delay.match', '(' * 200)
@example('delay.match', '(?i' * 50)
@example('log_level', '\ud800')
@example('plugin', '\0')
def test_options(name, value):
    with contextlib.suppress(ConfigError):
        found = convert(name, OPTIONS[name], value)
        assert not isinstance(found, float) or math.isfinite(found)


# -- command lines

FLAGS = [flag_of(key) for options in GROUPS.values() for key in options if key != 'plugin']
CATALOG = make_catalog()[0]
words = st.sampled_from([*FLAGS, '--no-http', '--behavior-delay-sleep', '--', '-', '--proxy=', '100:delay', ':0', '1', 'x', ''])


@few
@given(st.lists(words | st.text(max_size=10), max_size=6))
@example(['--proxy'])
@example(['--http=1'])
@example(['--'])
@example(['-x', '--', '--proxy', ':0'])
@example(['--behavior-delay-match', '('])
@example(['--populate', '-'])
@example(['--populate', 'x'])
def test_command_lines(argv):
    hidden = [word for word in argv if not word.startswith(('--config', '--plugin', '-h', '--h', '--v'))]
    with contextlib.suppress(ConfigError, RegistrationError, FileNotFoundError):     # as of --populate x
        assert isinstance(configure(hidden, {}).spec, ProcessSpec)


# -- INI files

KEYS = sorted({*PROXY, *PROCESS, 'extends', 'http', 'http_host', 'behavior.delay.sleep', 'protocol.buffer', 'enabled'}
              - {'plugin'})
SECTIONS = ['vaurien', 'DEFAULT', 'statsd', 'proxy:a', 'proxy:default', 'proxy:', 'behavior:delay', 'behavior:error',
            'protocol:tcp', 'x']
VALUES = ['1', '-1', 'yes', '100:delay', ':0', 'localhost:80', '${HOME}', '${', '"', '""', 'nan', '%', '%(x)s', 'chaos.ini', '.',
          '\0']
lines = st.one_of(
    st.sampled_from(SECTIONS).map(lambda name: f'[{name}]'),
    st.tuples(st.sampled_from(KEYS), st.sampled_from(['=', ':', ' = ']),
              st.sampled_from(VALUES) | st.text(max_size=15)).map(''.join),
    st.text(max_size=20))


def written(data: bytes, read: Any) -> None:
    """Have a file read; only what is documented may be raised."""
    with tempfile.TemporaryDirectory() as where, contextlib.suppress(ConfigError, RegistrationError, OSError):
        path = Path(where) / 'chaos.ini'
        path.write_bytes(data)
        read(str(path))


@few
@given(st.lists(lines, max_size=8).map(lambda found: '\n'.join(found).encode('utf-8', 'surrogatepass')) | st.binary(max_size=60))
@example(b'[vaurien]\nextends = \0')    # a name that no file can have
@example(b'[vaurien]\nextends = .')
@example(b'[vaurien]\nextends = ' + b'x' * 5_000)
@example(b'[vaurien]\nextends = chaos.ini')
@example(b'[vaurien]\n a = b\n  c')
@example(b'\xef\xbb\xbf[vaurien]\nproxy = :0')
@example(b'[vaurien\n')
@example(b'[]\na=b')
@example(b'[vaurien]\n=\n')
@example(b'[vaurien]\r\rproxy=1')
@example(b'[vaurien]\x0cproxy=1')
@example('[vaurien]\u2028x\nb'.encode())
@example('[vaurien]\u2028x'.encode())
@example(b'[vaurien]\x85\xc2\x85x')
def test_ini_files(data):
    written(data, lambda path: read_sections(path, {'HOME': '/x'}))
    if b'plugin' not in data and b'callable' not in data:
        written(data, lambda path: configure(['--config', path], {'HOME': '/x'}))


# -- JSON

@few
@given(st.binary(max_size=40) | anything.map(repr).map(lambda text: text.encode('utf-8', 'replace')))
@example(b'[' * 100_000)
@example(b'{"name": "\xff"}')
@example(b'{"timeout": 1e999}')
@example(b'{"name": "a", "seed": ' + b'9' * 5_000 + b'}')
def test_bodies(data):
    with contextlib.suppress(Refusal, msgspec.ValidationError):
        assert isinstance(decode(data, ProxySpec), ProxySpec)


def test_a_name_that_no_file_can_have_is_said_to_be_wrong(tmp_path):
    path = tmp_path / 'chaos.ini'
    path.write_bytes(b'[vaurien]\nextends = \0')
    with pytest.raises(ConfigError, match='extends'):
        read_sections(str(path), {})
