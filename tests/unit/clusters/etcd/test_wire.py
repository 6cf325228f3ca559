"""One connection to one endpoint: what is no etcd, and what is no file of TLS."""
import pytest

from tests.support.gateway import gateway
from tests.support.tls import certificates
from vaurien.address import Address
from vaurien.clusters.etcd import wire
from vaurien.clusters.etcd.client import Etcd
from vaurien.clusters.etcd.errors import RefusedError, UnreachableError
from vaurien.clusters.etcd.wire import PLAIN, Dial, Wire, decoded
from vaurien.clusters.where import find_cluster
from vaurien.errors import ConfigError


@pytest.mark.parametrize('data', [b'<html> no\n etcd', b'[1]', b''], ids=['html', 'list', 'nothing'])
def test_what_is_no_object_is_no_response_of_etcd(data):
    with pytest.raises(ValueError, match='what answers is no etcd with a JSON gateway'):
        decoded(data)


def test_what_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(wire, 'MAX_RESPONSE_BYTES', 10)
    monkeypatch.setattr(wire, 'MAX_LINE_BYTES', 10)
    with gateway() as server:
        server.answers = {'/long': [(200, {'a': 'x' * 20})], '/stream': [(200, b'x' * 20 + b'\n')]}
        made = Wire(Address('127.0.0.1', server.port), PLAIN, None, 5.0)
        made.send('/long', {}, '')
        with pytest.raises(ValueError, match='a response of more than 10 bytes'):
            made.answer()
        made.close()
        made = Wire(Address('127.0.0.1', server.port), PLAIN, None, 5.0)
        made.send('/stream', {}, 'token')
        assert made.begin(5.0) == 200
        with pytest.raises(ValueError, match='a line of more than 10 bytes'):
            made.line()
        made.close()
        assert server.asked == [('/long', ''), ('/stream', 'token')]


class Itself:
    """A socket that TCP has connected to itself."""

    def getsockname(self):
        return '127.0.0.1', 9

    getpeername = getsockname

    def close(self):
        pass


def test_a_connection_to_itself_is_none():
    def connect(connection):
        connection.sock = Itself()
    with pytest.raises(ConnectionRefusedError):
        Wire(Address('127.0.0.1', 9), Dial(connect, PLAIN.context), None, 1.0)


def test_a_server_without_tls_is_not_spoken_with():
    with gateway() as server:
        found = find_cluster(f'etcds://127.0.0.1:{server.port}/x', environ={'VAURIEN_ETCD_CACERT': certificates().ca})
        with pytest.raises(UnreachableError):
            Etcd(found).range('x')


@pytest.mark.parametrize('name, variable', [('cacert', 'VAURIEN_ETCD_CACERT'), ('cert', 'VAURIEN_ETCD_CERT')])
def test_a_file_that_cannot_be_used_is_said(name, variable, tmp_path):
    (tmp_path / 'nonsense').write_text('nonsense')
    with pytest.raises(ConfigError) as refused:
        Etcd(find_cluster('etcds://127.0.0.1/x', environ={variable: str(tmp_path / 'nonsense')}))
    assert str(refused.value).startswith(variable)


def test_a_certificate_of_ones_own_is_shown():
    files = {'VAURIEN_ETCD_CERT': certificates().cert, 'VAURIEN_ETCD_KEY': certificates().key}
    assert Etcd(find_cluster('etcds://127.0.0.1/x', environ=files))._context is not None


def test_the_refusal_of_somebody_without_a_user_says_what_is_wanted():
    assert 'it wants a user' in str(RefusedError('etcdserver: user name is empty', 3))
