"""A scenario's file: what it says, and one line for what is wrong with it."""
import pytest

from vaurien.errors import ConfigError
from vaurien.words.phases.reading import MAX_FILE_BYTES, read_file, read_text

GOOD = """
name = "all of it"
repeat = 2
[[proxy]]
name = "cache"
backend = "localhost:6379"
protocol = "redis"
[[phase]]
name = "steady"
for = "30s"
[[phase]]
for = 2
repeat = 3
mix = "20:delay"
settings.delay.sleep = 0.5
link = "3g"
toxics = ["latency:latency=5", {type = "bandwidth", attributes = {rate = 3}}]
until = {requests = 5, errors_above = 0.5, over = "2s"}
ramp.mix.error = [0, 50]
ramp.toxics.latency.latency = [10, 500]
[phase.on.cache]
down = "hang"
"""
PHASE = '[[phase]]\nname = "slow"\nfor = "1s"\n'
#: what stands in a file after ``PHASE``, and the end of the line that is said
WRONG = {
    'fro = "1s"': "[[phase]] 1 (slow): 'fro' is not valid, expected a known name, the nearest is for",
    'quux = 1': "[[phase]] 1 (slow): 'quux' is not valid, expected one of down, for, link, mix, name, on, plan, ramp, repeat, "
                'settings, steps, toxics, until',
    'repeat = 0': '[[phase]] 1 (slow) repeat: 0 is not valid, expected an integer of at least 1',
    'steps = 1.5': '[[phase]] 1 (slow) steps: 1.5 is not valid, expected an integer',
    'down = "up"': "[[phase]] 1 (slow) down: 'up' is not valid, expected true, false, 'hang' or 'refuse'",
    'down = 3': "[[phase]] 1 (slow) down: 3 is not valid, expected true, false, 'hang' or 'refuse'",
    'toxics = [3]': '[[phase]] 1 (slow) toxics[0]: 3 is not valid, expected a text or a table',
    'toxics = [{typ = "x"}]': "[[phase]] 1 (slow) toxics[0]: 'typ' is not valid, expected a known name, the nearest is type",
    'ramp.mix.b = [1, 2]\nramp.mix.a = [1]':
        '[[phase]] 1 (slow) ramp.mix.a: [1] is not valid, expected a list of 2 entries or more',
    'ramp.toxic.a = 1': "[[phase]] 1 (slow) ramp: 'toxic' is not valid, expected a known name, the nearest is toxics",
    'until.errors_above = 3': '[[phase]] 1 (slow) until.errors_above: 3 is not valid, expected a number of at most 1',
    'on.good.mix = "1:delay"\non.b.dwn = true':
        "[[phase]] 1 (slow) on.b: 'dwn' is not valid, expected a known name, the nearest is down",
    '[[phase]]\nname = "late"': "[[phase]] 2 (late): {'name': 'late'} is not valid, expected 'for' in it",
    '[[proxy]]\nname = "a"\nbackend = 3': '[[proxy]] 1 (a) backend: 3 is not valid, expected a text',
    'for = "2s"': 'line 4: \'for = "2s"\' is not valid, expected TOML: Cannot overwrite a value at column 11',
    'x': "line 4: 'x' is not valid, expected TOML: Expected '=' after a key in a key/value pair at column 2",
}


def test_a_file_is_read():
    found = read_text(GOOD, 'file')
    steady, slow = found.phase
    assert (found.name, found.repeat, [proxy.name for proxy in found.proxy]) == ('all of it', 2, ['cache'])
    assert (steady.name, steady.duration, slow.duration, slow.repeat) == ('steady', '30s', 2, 3)
    assert (slow.mix, slow.settings, slow.on['cache'].down) == ('20:delay', {'delay': {'sleep': 0.5}}, 'hang')
    assert slow.ramp.toxics == {'latency': {'latency': [10, 500]}}


@pytest.mark.parametrize('text', WRONG)
def test_what_is_wrong_is_one_line_with_the_place_and_what_is_allowed(text):
    with pytest.raises(ConfigError) as refused:
        read_text(PHASE + text, 'file.toml')
    said = str(refused.value)
    assert said.startswith('file.toml')
    assert said.endswith(WRONG[text])
    assert '\n' not in said


@pytest.mark.parametrize('text', ['', 'phase = []', 'phase = 3', 'phase = [3]', 'name = "x"'])
def test_a_file_without_a_phase_is_refused(text):
    with pytest.raises(ConfigError, match='phase'):
        read_text(text, 'file')


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path):
    path = tmp_path / 'file.toml'
    for data, said in ((b'\xff', 'text in UTF-8; byte 0 is none'), (b' ' * (MAX_FILE_BYTES + 1), 'a file of at most')):
        path.write_bytes(data)
        with pytest.raises(ConfigError, match=said):
            read_file(str(path))
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / 'nothing'))
