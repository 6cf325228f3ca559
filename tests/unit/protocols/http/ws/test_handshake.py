"""What is agreed in the handshake of WebSocket, and how a client's offer is changed."""
import pytest

from tests.support.websocket import ask_for, grant
from vaurien.protocols.http.ws.handshake import ALONE, NEVER, Agreed, accepts, agreed, extensions_of, key_of, offered, offers

#: RFC 6455 section 1.3
KEY, ACCEPT = b'dGhlIHNhbXBsZSBub25jZQ==', b's3pPLMBiTxaQ9kYGzzhZRbK+xOo='


def test_the_example_of_the_rfc_is_right():
    request, accept = ask_for(key=KEY)
    assert key_of(request) == KEY
    assert accept == ACCEPT
    assert accepts(grant(ACCEPT), KEY)


@pytest.mark.parametrize('response, key', [(grant(ACCEPT[::-1]), KEY), (grant(ACCEPT), b''), (b'HTTP/1.1 101 x\r\n\r\n', KEY)])
def test_anything_else_is_not(response, key):
    assert not accepts(response, key)


@pytest.mark.parametrize('value, result', [
    (b'', Agreed()), (b' permessage-deflate', Agreed(True)),
    (b'permessage-deflate; client_no_context_takeover', Agreed(True, True)),
    (b'permessage-deflate;server_no_context_takeover; server_max_window_bits=12', Agreed(True, False, True)),
    (b'Permessage-Deflate; Server_No_Context_Takeover;client_no_context_takeover', Agreed(True, True, True)),
    (b'x-webkit-deflate-frame', None), (b'permessage-deflate, x-other', None), (b'permessage-deflate, permessage-deflate', None),
])
def test_what_is_agreed_on_is_read(value, result):
    assert agreed(value) == result


@pytest.mark.parametrize('extensions, has', [('', False), ('x-other', False), ('permessage-deflate', True),
                                             ('x-other; a=1, permessage-deflate; client_max_window_bits', True)])
def test_an_offer_to_compress_is_found(extensions, has):
    assert offers(extensions_of(ask_for(extensions=extensions)[0])) is has


def test_an_offer_becomes_one_of_messages_that_stand_alone_and_nothing_else_is_changed():
    request = ask_for(extensions='permessage-deflate; client_max_window_bits', key=KEY)[0]
    alone = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
    assert offered(request, ALONE) == ask_for(extensions=alone, key=KEY)[0]
    assert offered(request, NEVER) == ask_for(key=KEY)[0]
