"""What an ended session leaves behind: nothing that only a search for cycles would find."""
import gc

import pytest

from tests.support.hosting import eventually, hosted, spec_for
from tests.support.peers import Backend, ask, connect, echo, ending, reset, script
from vaurien.relay.lane import Lane
from vaurien.relay.session import Session

GET, REPLY = b'*2\r\n$3\r\nGET\r\n$1\r\na\r\n', b'$1\r\n1\r\n'


def leaves(client):
    client.close()


def relaying():
    return (one for one in gc.get_objects() if isinstance(one, (Session, Lane)))


def waits_for_the_end(client):
    assert ending(client) == 'FIN'
    client.close()


@pytest.mark.parametrize('protocol', ['tcp', 'redis'])
@pytest.mark.parametrize('backend, end', [(echo, leaves), (echo, reset), (script((GET, REPLY)), waits_for_the_end)],
                         ids=['client', 'reset', 'backend'])
def test_memory_of_a_session_is_free_at_once(protocol, backend, end):
    with Backend(backend) as server, hosted(spec_for(server, protocol=protocol)) as proxies:
        gc.collect()
        before = {id(one) for one in relaying()}    # those of other tests, which somebody may still hold
        gc.disable()
        try:
            for _ in range(3):
                client = connect(proxies.port)
                ask(client, GET, len(REPLY))
                end(client)
            proxies.wait_idle()
            eventually(lambda: {id(one) for one in relaying()} <= before,
                       'the end of all that a session was made of')
        finally:
            gc.enable()
