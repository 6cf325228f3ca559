"""Where a cluster is: the forms that are taken, and what is said of others."""
import pytest

from vaurien.address import Address
from vaurien.clusters.where import find_cluster
from vaurien.errors import ConfigError


@pytest.mark.parametrize('text, endpoints, tls, user', [
    ('etcd://a/shop', [('a', 2379)], False, ''),
    ('etcd://a:1,b:2,[::1]:3/shop', [('a', 1), ('b', 2), ('::1', 3)], False, ''),
    ('etcds://u@[::1]/shop', [('::1', 2379)], True, 'u'),
])
def test_a_cluster_is_found(text, endpoints, tls, user):
    found = find_cluster(text, environ={'VAURIEN_ETCD_PASSWORD': 'secret', 'VAURIEN_ETCD_CACERT': 'ca'})
    assert found.endpoints == tuple(Address(*endpoint) for endpoint in endpoints)
    assert (found.name, found.tls, found.user) == ('shop', tls, user)
    assert found.password == ('secret' if user else '')
    assert found.cacert == ('ca' if tls else '')
    assert find_cluster(str(found), environ={}).endpoints == found.endpoints


@pytest.mark.parametrize('text', ['', 'a/shop', 'http://a/shop', 'etcd://a', 'etcd:///shop', 'etcd://a,/shop', 'etcd://a:0/shop',
                                  'etcd://a:x/shop', 'etcd://@a/shop', 'etcd://a/', 'etcd://a/b/c', 'etcd://a/-x',
                                  'etcd://a b/shop',
                                  'etcd://' + ','.join(['a'] * 17) + '/shop'])
def test_other_texts_are_refused_in_a_line(text):
    with pytest.raises(ConfigError) as refused:
        find_cluster(text, '--join', {})
    assert str(refused.value).startswith('--join: ')
    assert '\n' not in str(refused.value)


def test_a_password_in_the_url_is_refused_and_not_shown():
    with pytest.raises(ConfigError) as refused:
        find_cluster('etcd://u:secret@a/shop', environ={})
    assert 'secret' not in str(refused.value)
    assert 'VAURIEN_ETCD_PASSWORD_FILE' in str(refused.value)


def test_a_password_comes_out_of_a_file_and_is_bounded(tmp_path):
    path = tmp_path / 'password'
    path.write_text('secret\n')
    assert find_cluster('etcd://u@a/shop', environ={'VAURIEN_ETCD_PASSWORD_FILE': str(path)}).password == 'secret'
    path.write_text('x' * 5000)
    with pytest.raises(ConfigError, match='more than 4096 bytes'):
        find_cluster('etcd://u@a/shop', environ={'VAURIEN_ETCD_PASSWORD_FILE': str(path)})
    with pytest.raises(ConfigError, match='No such file'):
        find_cluster('etcd://u@a/shop', environ={'VAURIEN_ETCD_PASSWORD_FILE': str(tmp_path / 'none')})
