"""The exception tree: who is what, what the messages say, and that errors survive a copy."""
import copy
import pickle

import pytest

from vaurien.errors import (
    MAX_SHOWN,
    BackendError,
    ConfigError,
    ProtocolError,
    RegistrationError,
    UnknownPluginError,
    VaurienError,
)


@pytest.mark.parametrize('cls', [ConfigError, UnknownPluginError, RegistrationError, BackendError, ProtocolError])
def test_every_error_is_a_vaurien_error(cls):
    assert issubclass(cls, VaurienError)


def test_a_refused_value_is_also_a_value_error():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(UnknownPluginError, ConfigError)


def test_an_unreachable_backend_is_no_value_error():
    assert not issubclass(BackendError, ValueError)


def test_a_refused_value_is_named_with_its_option_and_what_is_allowed():
    error = ConfigError('--http-port', 'many', 'an integer')
    assert str(error) == "--http-port: 'many' is not valid, expected an integer"
    assert (error.option, error.value, error.reason) == ('--http-port', 'many', 'an integer')


def test_a_message_shows_the_beginning_of_a_long_value():
    assert str(ConfigError('a', 'x' * 10 ** 6, 'less')) == f"a: '{'x' * (MAX_SHOWN - 1)}... is not valid, expected less"
    assert len(str(UnknownPluginError('behavior', 'x' * 10 ** 6, ['a']))) < 2 * MAX_SHOWN


def test_an_unknown_plugin_lists_the_known_ones_sorted():
    error = UnknownPluginError('behavior', 'dely', ['hang', 'delay'])
    assert str(error) == "the 'dely' behavior does not exist, known: delay, hang; did you mean delay?"
    assert error.known == ['delay', 'hang']
    assert error.reason == 'one of delay, hang'


def test_an_unreachable_backend_is_named_with_the_reason():
    assert str(BackendError('localhost:81', 'Connection refused')) == \
        'backend localhost:81 cannot be reached: Connection refused'


@pytest.mark.parametrize('error', [
    ConfigError('a', 1, 'b'),
    UnknownPluginError('behavior', 'x', ('b', 'a')),
    RegistrationError('no'),
    BackendError('h:1', 'down'),
], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize('copied', [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=['copy', 'pickle'])
def test_an_error_survives_a_copy(error, copied):
    again = copied(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
