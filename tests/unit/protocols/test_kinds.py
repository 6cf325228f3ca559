"""What the table of each protocol says of its failures: their classes, whose state they are, and what every protocol has."""
import pytest

from tests.support.framing import BACKEND, CLIENT, replay
from vaurien.behaviors.dummy import DUMMY
from vaurien.protocols import Protocol
from vaurien.protocols.http.events.failures import ERRORS as OF_EVENTS
from vaurien.protocols.http.h2.failures import ANY_STREAM
from vaurien.protocols.kinds import CATEGORIES, HALF_REPLY, LOST_REPLY, SCOPES
from vaurien.protocols.smtp import SMTP
from vaurien.protocols.starttls import DROPPED, REFUSED, STRIPPED

KINDS = [(name, kind, row) for name in Protocol.names() if Protocol.get(name).__module__.startswith('vaurien.')
         for kind, row in Protocol.get(name).errors.items()]
TALKING = sorted({name for name, _, _ in KINDS})


@pytest.mark.parametrize('name, kind, row', KINDS, ids=[f'{name} {kind}' for name, kind, _ in KINDS])
def test_each_kind_has_a_class_and_a_scope(name, kind, row):
    assert row.category in CATEGORIES
    assert row.scope in SCOPES
    assert len(set(row.codes)) == len(row.codes)
    assert all(code and code == code.strip() for code in row.codes)


@pytest.mark.parametrize('name', TALKING)
def test_each_protocol_loses_responses_and_halves_them(name):
    errors = Protocol.get(name).errors
    assert (errors[LOST_REPLY].category, errors[HALF_REPLY].category) == ('C', 'E')


def test_what_the_connection_is_refused_with_is_the_state_of_the_server():
    refusing = [(name, kind, row.scope) for name, kind, row in KINDS if row.stages == ('connect',)]
    assert refusing
    assert {scope for _, _, scope in refusing} == {'server'}


@pytest.mark.parametrize('protocol, word, kinds', [
    ('redis', 'readonly', ('readonly',)), ('redis', 'READONLY', ('readonly',)), ('redis', 'OK', ()),
    ('smtp', '450', ('mailbox-busy', 'greylisted')), ('smtp', '4.2.1', ('mailbox-busy',)),
    ('postgres', '40P01', ('deadlock',)), ('postgres', '40001', ('serialization-failure', 'recovery-conflict')),
    ('mysql', '1213', ('deadlock',)), ('mysql', '3024', ('statement-timeout',)), ('http', '503', ('503',)), ('tcp', '503', ())])
def test_a_kind_is_known_by_its_name_and_by_its_codes(protocol, word, kinds):
    assert Protocol.get(protocol).kinds_named(word) == kinds


def drawn(code, *requests):
    """Let requests of SMTP fail with a kind; return what was injected."""
    dialogue = replay(SMTP, [(BACKEND, b'220 hello\r\n'), (CLIENT, b'EHLO me\r\n'), (BACKEND, b'250 hello\r\n')])
    for request in requests:
        dialogue.feed(CLIENT, request)
        exchange = dialogue.exchanges[-1]
        exchange.behavior = DUMMY
        dialogue.protocol.session.at = exchange
        dialogue.protocol.fail(None, None, code)
    return dialogue.protocol.session.faults


def test_of_the_kinds_with_a_code_one_that_fits_is_drawn_and_where_none_fits_it_waits():
    faults = drawn('450', b'MAIL FROM:<a@b>\r\n', *[b'RCPT TO:<c@d>\r\n'] * 40)
    assert {name for name, _ in faults} == {'RCPT TO:<c@d>'}
    assert {kind for _, kind in faults} == {'mailbox-busy', 'greylisted'}
    assert len(faults) == 40


def test_what_may_be_drawn_at_random_is_what_seeds_have_always_drawn():
    before = [(name, kind, row) for name, kind, row in KINDS
              if set(row.stages) - set(ANY_STREAM) and name != 'grpc'       # in HTTP/2 seeds began later,
              and not kind.startswith('ws-')]       # and none of WebSocket is drawn
    only_named = {(name, kind) for name, kind, row in before if row.only_named}
    of_tls = {(name, kind) for name in ('mysql', 'postgres', 'smtp') for kind in (REFUSED, DROPPED)} | {('smtp', STRIPPED)}
    of_all = {(name, kind) for name in TALKING if name != 'grpc' for kind in (LOST_REPLY, HALF_REPLY)}
    own = {('http', 'response'), ('http', 'edited')} | {('http', kind) for kind in OF_EVENTS}
    assert only_named == own | of_all - {('mysql', LOST_REPLY)} | of_tls
