"""A plan in a file: TOML or JSON, and what is said where it is neither."""
import pytest

from vaurien.errors import ConfigError
from vaurien.plans.files import MAX_ENTRIES, parse_plan
from vaurien.spec import FaultSpec

ENTRIES = (FaultSpec(name='readonly', proxy='cache', request='SET session:*', nth=2),
           FaultSpec(name='delay', settings={'sleep': 2, 'before': False}))
TOML = b"""
# what the second session loses
[[fault]]
proxy = "cache"
request = "SET session:*"
nth = 2
name = "readonly"

[[fault]]
name = "delay"
settings = { sleep = 2, before = false }
"""
JSON = (b'{"fault": [{"proxy": "cache", "request": "SET session:*", "nth": 2, "name": "readonly"},'
        b' {"name": "delay", "settings": {"sleep": 2, "before": false}}]}')


@pytest.mark.parametrize('data', [TOML, JSON, b'\xef\xbb\xbf' + TOML, TOML.replace(b'\n', b'\r\n'), b' \n' + JSON])
def test_a_plan_is_read(data):
    assert parse_plan(data, 'plan.toml') == ENTRIES


def test_a_file_may_hold_entries_as_text():
    assert parse_plan(b'fault = ["cache: SET session:* #2 = readonly"]', 'plan.toml') == ENTRIES[:1]


@pytest.mark.parametrize('data', [b'', b'# nothing yet', b'{}', b'fault = []'])
def test_a_plan_may_be_empty(data):
    assert parse_plan(data, 'plan.toml') == ()


@pytest.mark.parametrize('data, message', [
    (b'[[fault]', 'plan.toml: '), (b'{"fault": ', 'plan.toml: '),
    (b'\xff', "plan.toml: b'\\xff' is not valid, expected a plan in UTF-8"),
    (b'[fault]\nname = "hang"', "plan.toml: 'plan.toml' is not valid, expected tables [[fault]]"),
    (b'[[falt]]\nname = "hang"', "plan.toml: 'falt' is not valid, expected a known name, the nearest is fault"),
    (b'[[fault]]\nname = "hang"\n[[fault]]\nname = "hang"\nnht = 2', "plan.toml fault 2: 'nht' is not valid, expected a known"),
    (b'fault = ["GET a"]', "plan.toml fault 1: 'GET a' is not valid, expected [PROXY: ]GLOB"),
    (b'{"fault": [' + b'7,' * MAX_ENTRIES + b'7]}', f"plan.toml: '{MAX_ENTRIES + 1} entries of a plan' is not valid"),
])
def test_what_is_no_plan_is_refused_with_its_place(data, message):
    with pytest.raises(ConfigError) as caught:
        parse_plan(data, 'plan.toml')
    assert str(caught.value).startswith(message)
    assert '\n' not in str(caught.value)
