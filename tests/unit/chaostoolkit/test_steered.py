"""Where an experiment says its vaurien is, and what it is told where the library is missing."""
import sys

import pytest
from chaoslib.exceptions import ActivityFailed

from vaurien.chaostoolkit.steered import chaoslib, steered
from vaurien.errors import ConfigError, VaurienError


def place(configuration=None, secrets=None):
    with steered(configuration, secrets) as client:
        channel = client.channel
    return channel.scheme, channel.address, channel.token


def test_the_experiment_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv('VAURIEN_CONTROL', 'http://there:1')
    monkeypatch.setenv('VAURIEN_HTTP_TOKEN', 'theirs')
    assert place() == place({}, {}) == ('http', 'there:1', 'theirs')
    assert place({'vaurien_control': 'https://here:2'}, {'vaurien_token': 'ours'}) == ('https', 'here:2', 'ours')


@pytest.mark.parametrize('error', [ConfigError('mix', 'x', 'a mix'), TimeoutError('too late')], ids=['refused', 'late'])
def test_what_vaurien_says_fails_the_activity(error):
    with pytest.raises(ActivityFailed, match=str(error)), steered(None, None):
        raise error


def test_a_mistake_in_an_activity_is_not_hidden():
    with pytest.raises(KeyError), steered(None, None):
        raise KeyError('mix')


def test_without_the_library_one_line_says_which_extra_has_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'chaoslib.discovery', None)
    with pytest.raises(VaurienError, match=r'pip install "vaurien\[chaostoolkit\]"'):
        chaoslib('chaoslib.discovery')
