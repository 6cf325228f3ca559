"""The everyday work of Redis' clients with TLS on both sides of vaurien: the same tests, word for word.

The server speaks TLS itself; for clients that do not another process does.
"""
import pytest

from tests.conftest import running
from tests.integration import test_redis_everyday
from tests.support.peers import free_port
from tests.support.processes import HOST
from tests.support.servers import redis_server as started
from tests.support.tls import certificates
from tests.support.tls_tunnel import TWINS, inside

#: what has a vaurien of its own, to be measured; and what is about TLS that is relayed
LEFT_OUT = ('test_value_of_100_mb_arrives_and_is_never_held', 'test_tls_is_relayed_unread')
globals().update(inside(test_redis_everyday, LEFT_OUT))


@pytest.fixture(scope='module')
def redis_server():
    files, port = certificates(), free_port()
    for server in running(lambda: started('--tls-port', str(port), '--tls-cert-file', files.cert, '--tls-key-file', files.key,
                                          '--tls-ca-cert-file', files.ca, '--tls-auth-clients', 'no')):
        TWINS[server.address] = f'{HOST}:{port}'
        yield server
