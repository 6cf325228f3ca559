"""Whose certificates a client believes: a file that is given, or the environment's, or the system's."""
import pytest

from tests.support.tls import certificates
from vaurien.client.trust import trusting
from vaurien.errors import ConfigError


@pytest.mark.parametrize('given', [True, False], ids=['argument', 'environment'])
def test_the_authorities_of_a_file_are_trusted_and_no_others(monkeypatch, given):
    monkeypatch.setenv('VAURIEN_CACERT', '/no/such' if given else certificates().ca)
    found = trusting(certificates().ca if given else None).get_ca_certs()
    assert [dict(pair for part in one['subject'] for pair in part)['organizationName'][:7] for one in found] == ['trustme']


@pytest.mark.parametrize('path, why', [('/no/such', 'No such file or directory'), (certificates().key, 'it is no PEM'),
                                       ('a\0b', 'embedded null byte')], ids=['missing', 'no certificate', 'no path'])
def test_a_file_that_cannot_be_used_is_named(path, why):
    with pytest.raises(ConfigError) as caught:
        trusting(path)
    assert (caught.value.option, caught.value.value) == ('cacert', path)
    assert caught.value.reason.endswith(f'; {why}')


def test_the_variable_is_named_where_it_names_the_file(monkeypatch):
    monkeypatch.setenv('VAURIEN_CACERT', '/no/such')
    with pytest.raises(ConfigError, match="^VAURIEN_CACERT: '/no/such' is not valid"):
        trusting(None)
