"""Which requests ask for nothing but the end of their conversation, and that the end is then no lost answer."""
import pytest

from tests.support.framing import BACKEND, CLIENT, SLICERS
from tests.support.recorded import record
from vaurien.protocols import Protocol

#: protocol, what the two say before, what the client says, the stage and the name of that, whether it asks for the end alone
EXAMPLES = [
    ('redis', (), b'*1\r\n$4\r\nQUIT\r\n', 'QUIT', True),
    ('redis', (), b'quit\r\n', 'quit', True),
    ('redis', (), b'*2\r\n$3\r\nGET\r\n$4\r\nQUIT\r\n', 'GET QUIT', False),
    ('redis', (), b'*1\r\n$5\r\nRESET\r\n', 'RESET', False),
    ('memcache', (), b'get quit\r\n', 'get quit', False),
    ('memcache', (), b'\x80\x07' + bytes(22), 'quit', True),
    ('smtp', ((BACKEND, b'220 a\r\n'),), b'QUIT\r\n', 'QUIT', True),
    ('smtp', ((BACKEND, b'220 a\r\n'),), b'RSET\r\n', 'RSET', False),
    ('smtp', ((BACKEND, b'220 a\r\n'),), b'VRFY QUIT\r\n', 'VRFY QUIT', False),
    ('http', (), b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 'GET /', False),
    ('http', (), b'GET / HTTP/1.0\r\n\r\n', 'GET /', False),
]
#: protocol, name and stage: requests of protocols that begin with a login, and those without any answer
NAMED = [
    ('mysql', 'COM_QUIT', 'unanswered', True), ('mysql', 'COM_STMT_CLOSE 1', 'unanswered', False),
    ('mysql', 'COM_QUIT', 'query', False), ('mysql', 'COM_RESET_CONNECTION', 'command', False),
    ('postgres', 'Terminate', 'end', True), ('postgres', 'CancelRequest', 'cancel', True), ('postgres', 'END', 'query', False),
    ('postgres', 'Sync', 'sync', False), ('memcache', 'quit', 'quit', True), ('redis', 'SHUTDOWN', 'command', False),
    ('http', 'POST /quit', 'request', False), ('smtp', 'quit', 'quit', True),
]


@pytest.mark.parametrize('slicer', SLICERS)
@pytest.mark.parametrize('protocol, before, sent, name, ends', EXAMPLES)
def test_an_end_that_was_asked_for_is_no_lost_answer(protocol, before, sent, name, ends, slicer):
    found = record(Protocol.get(protocol), [*before, (CLIENT, sent)], slicer)
    assert [(one.name, one.answer) for one in found if one.number] == [(name, 'none' if ends else '')]


@pytest.mark.parametrize('protocol, name, stage, ends', NAMED)
def test_the_rule_is_of_the_name_and_the_stage(protocol, name, stage, ends):
    assert Protocol.get(protocol).effects.ends(name, stage) is ends
