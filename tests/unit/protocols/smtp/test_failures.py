"""The failures of SMTP: where each fits, what the client and the backend get, and what both may say next."""
import re
from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tests.support.framing import BACKEND, CLIENT, Dialogue, FakeSession, Message, Turn
from vaurien.protocols.base import Exchange
from vaurien.protocols.smtp import SMTP
from vaurien.protocols.smtp.commands import COMMANDS, DELIVERY, MESSAGE

MAIL, RCPT = b'MAIL FROM:<a@b>\r\n', b'RCPT TO:<c@d>\r\n'
HELLO: list[Turn] = [(BACKEND, b'220 mx\r\n'), (CLIENT, b'EHLO me\r\n'), (BACKEND, b'250 mx\r\n')]
READY: list[Turn] = [*HELLO, (CLIENT, MAIL + RCPT), (BACKEND, b'250 ok\r\n250 ok\r\n')]
STAGES = ('connect', 'hello', 'starttls', 'auth', 'auth-initial', 'credentials', 'mail', 'rcpt', 'data', 'chunk',
          'last-chunk', DELIVERY, MESSAGE, 'vrfy', 'other', 'quit')
GO_AHEAD = b'354 End data with <CR><LF>.<CR><LF>\r\n'


class Drawn(NamedTuple):
    """Stands in for the behavior that was drawn."""

    kind: str
    match: None = None


class Faulty(Dialogue):
    """A conversation in which some requests meet an error, dealt with as a session deals with it.

    Args:
        plan: By the beginning of a request's name, the kind that is drawn for it; empty: any that fits.

    Attributes:
        to_backend: What the backend gets.
        to_client: What the client gets, where it waits for one reply at a time.
    """

    def __init__(self, plan: Mapping[str, str], seed: int = 1) -> None:
        super().__init__(SMTP)
        self.plan, self.to_backend, self.to_client = plan, b'', b''
        self.protocol.session = FakeSession(seed)
        self.ends: list[str] = []

    @property
    def faults(self) -> list[tuple[str, str]]:
        return self.protocol.session.faults     # type: ignore[attr-defined, no-any-return]

    def _piece(self, sender: str, exchange: Exchange | None, data: bytes, done: bool) -> None:
        begins = exchange is not None and id(exchange) not in self._seen
        super()._piece(sender, exchange, data, done)
        if sender == BACKEND:
            self._answer(exchange, data, done)
        else:
            self._request(exchange, data, begins)

    def _request(self, exchange: Exchange | None, data: bytes, begins: bool) -> None:
        if exchange is not None and begins:
            self._draw(exchange)
            if exchange.failure is not None and exchange.failure.request is not None:
                self.to_backend += exchange.failure.request
                if not exchange.failure.request:
                    self._reply(exchange)
        if exchange is None or exchange.failure is None or exchange.failure.request is None:
            self.to_backend += data

    def _draw(self, exchange: Exchange) -> None:
        kinds = [Drawn(kind) for name, kind in self.plan.items() if exchange.name.startswith(name)]
        exchange.behavior = self.protocol.owes(exchange) or next(iter(kinds), None)
        if exchange.behavior is not None:
            self.protocol.session.at = exchange     # type: ignore[attr-defined]
            self.protocol.fail(None, None, exchange.behavior.kind or None)

    def _answer(self, exchange: Exchange | None, data: bytes, done: bool) -> None:
        if exchange is None or exchange.failure is None:
            self.to_client += data
        elif done:
            self._reply(exchange)

    def _reply(self, exchange: Exchange) -> None:
        self.to_client += exchange.failure.reply
        self.ends.append(exchange.failure.end)
        self.protocol.answered(exchange)


def failing(plan: Mapping[str, str], *turns: Turn) -> Faulty:
    """Replay turns whole and byte by byte; both peers must get the same."""
    found = []
    for size in (1 << 20, 1):
        dialogue = Faulty(plan)
        for sender, data in turns:
            for start in range(0, len(data), size):
                dialogue.feed(sender, data[start:start + size])
        assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
        assert not dialogue.protocol.queue
        found.append((dialogue.to_backend, dialogue.to_client, dialogue.faults, dialogue.ends))
    assert found[0] == found[1]
    return dialogue


def sent(*turns: Turn, by: str) -> bytes:
    return b''.join(data for sender, data in turns if sender == by)


# -- the table

#: RFC 5321 section 4.3.2 and the extensions: the codes of failures by stage
REAL = {
    'connect': {421, 554}, 'hello': {421, 502, 550, 0}, 'starttls': {421, 454, 0}, 'auth': {421, 454, 534, 538},
    'auth-initial': {421, 454, 534, 535, 538}, 'credentials': {421, 454, 535}, 'mail': {421, 451, 452, 530, 550, 552},
    'rcpt': {421, 450, 451, 452, 550, 551, 552, 553, 554}, 'data': {421, 451, 554},
    'chunk': {421, 451, 452, 552, 554}, 'last-chunk': {421, 451, 452, 550, 552, 554, 0}, DELIVERY: {421, 0},
    MESSAGE: {451, 452, 550, 552, 554}, 'vrfy': {421, 502, 550}, 'other': {421}, 'quit': {421},
}
NAMES = {'mail': b'MAIL FROM:<a@b> SIZE=9', 'hello': b'EHLO me'}


def reply_of(kind: str, stage: str) -> bytes:
    protocol = SMTP()
    failure = SMTP.errors[kind].build(protocol, Exchange(NAMES.get(stage, b''), stage))
    return b'' if failure is None else failure.reply


def test_every_stage_of_a_kind_is_one_that_exchanges_have() -> None:
    assert {command.stage for command in COMMANDS.values()} < set(STAGES)
    assert {stage for kind in SMTP.errors.values() for stage in kind.stages} == set(STAGES)


@pytest.mark.parametrize('stage', STAGES)
def test_codes_stand_where_the_standards_have_them(stage: str) -> None:
    kinds = [name for name, kind in SMTP.errors.items() if stage in kind.stages]
    assert {int(reply_of(kind, stage)[:3] or 0) for kind in kinds} == REAL[stage]


@pytest.mark.parametrize('kind', SMTP.errors)
def test_reply_is_one_well_formed_line(kind: str) -> None:
    for stage in SMTP.errors[kind].stages:
        if SMTP.errors[kind].codes:
            enhanced = rb'' if stage in ('connect', 'hello') else rb'\1\.\d\.\d{1,2} '
            assert re.fullmatch(rb'([45])[0-5]\d ' + enhanced + rb'[A-Z][ -~]+\r\n', reply_of(kind, stage))
            said = tuple(reply_of(kind, stage).decode().split()[:2 if enhanced else 1])
            assert SMTP.errors[kind].codes[:len(said)] == said


def test_kinds_that_are_promised_are_there() -> None:
    promised = {'service-unavailable': b'421', 'mailbox-busy': b'450', 'local-error': b'451',
                'insufficient-storage': b'452', 'mailbox-unavailable': b'550', 'transaction-failed': b'554',
                'unanswered': b''}
    assert {kind: reply_of(kind, SMTP.errors[kind].stages[-1])[:3] for kind in promised} == promised


@pytest.mark.parametrize('kind', [name for name, kind in SMTP.errors.items() if '421' in kind.description])
def test_421_ends_the_connection(kind: str) -> None:
    for stage in SMTP.errors[kind].stages:
        failure = SMTP.errors[kind].build(SMTP(), Exchange(stage=stage))
        assert (failure.reply[:3], failure.request, failure.end) == (b'421', b'', 'close')


@pytest.mark.parametrize('kind, name, stage, fits', [
    ('too-big', b'MAIL FROM:<a@b> SIZE=9', 'mail', True), ('too-big', b'mail from:<a@b> size=9', 'mail', True),
    ('too-big', b'MAIL FROM:<a@b>', 'mail', False), ('too-big', b'BDAT 9', 'chunk', True),
    ('not-implemented', b'ehlo me', 'hello', True), ('not-implemented', b'HELO me', 'hello', False),
    ('auth-required', b'MAIL FROM:<>', 'mail', True), ('mailbox-busy', b'MAIL FROM:<>', 'mail', False),
    ('too-big', b'. FROM:<>', DELIVERY, False), ('lost-reply', b'. FROM:<>', DELIVERY, True),
    ('unanswered', b'. FROM:<>', DELIVERY, True),
    ('lost-reply', b'BDAT 9', 'chunk', False), ('lost-reply', b'DATA', 'data', False),
    ('too-big', b'DATA', 'data', True), ('auth-failed', b'AUTH LOGIN', 'auth', False),
    ('too-big', b'. FROM:<>', MESSAGE, False)])
def test_kind_fits_where_a_real_server_has_it(kind: str, name: bytes, stage: str, fits: bool) -> None:
    assert SMTP().fits(kind, Exchange(name, stage)) is fits


def test_who_has_authenticated_is_not_asked_to() -> None:
    dialogue = failing({}, *HELLO, (CLIENT, b'AUTH PLAIN eA==\r\n'), (BACKEND, b'235 welcome\r\n'))
    assert not dialogue.protocol.fits('auth-required', Exchange(b'MAIL FROM:<>', 'mail'))


# -- commands


def test_failed_commands_do_not_reach_the_backend_and_the_others_do() -> None:
    dialogue = failing({'RCPT TO:<busy': 'mailbox-busy'}, *READY[:3],
                       (CLIENT, MAIL), (BACKEND, b'250 ok\r\n'), (CLIENT, b'RCPT TO:<busy@d>\r\n'),
                       (CLIENT, RCPT), (BACKEND, b'250 rcpt\r\n'), (CLIENT, b'QUIT\r\n'), (BACKEND, b'221 bye\r\n'))
    assert dialogue.to_backend == b'EHLO me\r\n' + MAIL + RCPT + b'QUIT\r\n'
    assert dialogue.to_client == b'220 mx\r\n250 mx\r\n250 ok\r\n450 4.2.1 Mailbox busy, try again later\r\n' \
        b'250 rcpt\r\n221 bye\r\n'
    assert dialogue.faults == [('RCPT TO:<busy@d>', 'mailbox-busy')]


def test_transaction_is_over_after_a_failed_data() -> None:
    dialogue = Faulty({'DATA': 'transaction-failed'}, seed=2)
    for turn in (*READY, (CLIENT, b'DATA\r\n'), (BACKEND, b'250 ok\r\n'), (CLIENT, MAIL), (BACKEND, b'250 next\r\n')):
        dialogue.feed(*turn)
    assert dialogue.to_backend == sent(*READY, by=CLIENT) + b'RSET\r\n' + MAIL
    assert dialogue.to_client == sent(*READY, by=BACKEND) + b'554 5.0.0 Transaction failed\r\n250 next\r\n'


@pytest.mark.parametrize('command, kind, reply', [
    (b'DATA', 'service-unavailable', b'421 4.3.2'), (b'STARTTLS', 'tls-unavailable', b'454 4.7.0'),
    (b'AUTH PLAIN eA==', 'auth-failed', b'535 5.7.8'), (b'AUTH LOGIN', 'auth-too-weak', b'534 5.7.9'),
    (b'EHLO me', 'hello-rejected', b'550 Access')])
def test_next_line_after_a_failed_command_is_a_command(command: bytes, kind: str, reply: bytes) -> None:
    dialogue = failing({command.decode().split()[0]: kind}, HELLO[0], (CLIENT, command + b'\r\n'),
                       (CLIENT, b'NOOP\r\n'), (BACKEND, b'250 ok\r\n'))
    assert dialogue.exchanges[-1].name == 'NOOP'
    assert dialogue.to_backend == b'NOOP\r\n'
    assert dialogue.to_client.startswith(b'220 mx\r\n' + reply)


def test_failed_credentials_make_the_backend_give_up_auth() -> None:
    dialogue = failing({'AUTH LOGIN': 'auth-failed'},
                       *HELLO, (CLIENT, b'AUTH LOGIN\r\n'), (BACKEND, b'334 VXNlcg==\r\n'),
                       (CLIENT, b'eA==\r\n'), (BACKEND, b'501 5.7.0 given up\r\n'),
                       (CLIENT, MAIL), (BACKEND, b'250 ok\r\n'))
    assert dialogue.to_backend == b'EHLO me\r\nAUTH LOGIN\r\n*\r\n' + MAIL
    assert dialogue.to_client.endswith(b'334 VXNlcg==\r\n535 5.7.8 Authentication credentials invalid\r\n250 ok\r\n')
    assert dialogue.faults == [('AUTH LOGIN', 'auth-failed')]


# -- messages

#: what a client says when it sends a message and goes on; the backend sees neither the DATA nor the message
SENDING: list[Turn] = [
    (CLIENT, b'DATA\r\n'), (CLIENT, b'Subject: x\r\n\r\n..\r\n\n.\n\n.\r\nQUIT\r\n.'), (CLIENT, b'\r\n'),
    (BACKEND, b'250 reset\r\n'), (CLIENT, MAIL), (BACKEND, b'250 next\r\n')]


@pytest.mark.parametrize('kind, reply', [
    ('insufficient-storage', b'452 4.3.1'), ('too-big', b'552 5.3.4'), ('content-rejected', b'550 5.7.1'),
    ('mailbox-full', b'552 5.2.2')])
def test_refused_message_never_reaches_the_backend_and_the_transaction_is_over(kind: str, reply: bytes) -> None:
    dialogue = failing({'DATA': kind}, *READY, *SENDING)
    assert dialogue.to_backend == sent(*READY, by=CLIENT) + b'RSET\r\n' + MAIL
    text = SMTP.errors[kind].build(SMTP(), Exchange(stage=MESSAGE)).reply
    assert text.startswith(reply)
    assert dialogue.to_client == sent(*READY, by=BACKEND) + GO_AHEAD + text + b'250 next\r\n'
    assert dialogue.faults == [('. FROM:<a@b>', kind)]
    assert dialogue.exchanges[-2].stage == MESSAGE


def test_refusal_drawn_for_anything_waits_for_the_next_message() -> None:
    dialogue = failing({'EHLO': 'content-rejected'}, *READY, *SENDING)
    assert dialogue.faults == [('. FROM:<a@b>', 'content-rejected')]
    assert dialogue.to_backend == sent(*READY, by=CLIENT) + b'RSET\r\n' + MAIL


def test_message_after_a_refused_one_is_the_backends_again() -> None:
    dialogue = failing({'MAIL FROM:<1': 'content-rejected'}, *HELLO, (CLIENT, b'MAIL FROM:<1>\r\n'),
                       (BACKEND, b'250\r\n'), *SENDING, (CLIENT, b'DATA\r\n'), (BACKEND, b'354 go\r\n'),
                       (CLIENT, b'hello\r\n.\r\n'), (BACKEND, b'250 kept\r\n'))
    assert dialogue.to_backend.endswith(b'RSET\r\n' + MAIL + b'DATA\r\nhello\r\n.\r\n')
    assert dialogue.exchanges[-1].stage == DELIVERY


def test_kind_of_both_places_meets_some_data_at_once_and_some_at_its_end() -> None:
    met = set()
    for seed in range(20):
        dialogue = Faulty({'DATA': 'local-error'}, seed)
        for turn in (*READY, (CLIENT, b'DATA\r\n')):
            dialogue.feed(*turn)
        if not dialogue.to_client.endswith(GO_AHEAD):
            dialogue.feed(BACKEND, b'250 reset\r\n')
        before = len(sent(*READY, by=BACKEND)), len(sent(*READY, by=CLIENT))
        met.add((dialogue.to_client[before[0]:], dialogue.to_backend[before[1]:]))
    assert met == {(GO_AHEAD, b''), (b'451 4.3.0 Local error in processing, try again later\r\n', b'RSET\r\n')}


def test_refusal_drawn_at_the_dot_meets_the_next_message() -> None:
    first = [*READY, (CLIENT, b'DATA\r\n'), (BACKEND, b'354 go\r\n'),
             (CLIENT, b'one\r\n.\r\n'), (BACKEND, b'250 kept\r\n')]
    dialogue = failing({'.': 'content-rejected'}, *first, *SENDING)
    assert dialogue.to_backend == sent(*first, by=CLIENT) + b'RSET\r\n' + MAIL
    assert dialogue.faults == [('. FROM:<a@b>', 'content-rejected')]


@pytest.mark.parametrize('kind, end, to_backend', [
    ('lost-reply', 'reset', b'one\r\n.\r\n'), ('unanswered', 'silence', b'one\r\n.\r\n'),
    ('service-unavailable', 'close', b'one\r\n')])
def test_dot_meets_what_delivers_the_message_or_closes_the_connection(kind: str, end: str, to_backend: bytes) -> None:
    before = [*READY, (CLIENT, b'DATA\r\n'), (BACKEND, b'354 go\r\n')]
    answer = [(BACKEND, b'250 kept\r\n')] if kind in ('lost-reply', 'unanswered') else []
    dialogue = failing({'.': kind}, *before, (CLIENT, b'one\r\n.\r\n'), *answer)
    assert dialogue.to_backend == sent(*before, by=CLIENT) + to_backend
    assert dialogue.ends == [end]
    assert not dialogue.to_client.endswith(b'250 kept\r\n')


def test_backend_may_say_farewell_while_vaurien_reads_the_message() -> None:
    dialogue = failing({'DATA': 'too-big'},
                       *READY, (CLIENT, b'DATA\r\n'), (CLIENT, b'hello\r\n'), (BACKEND, b'421 bye\r\n'))
    assert dialogue.to_client.endswith(GO_AHEAD + b'421 bye\r\n')


def test_reply_that_no_request_asked_for_does_not_hand_the_backend_a_message_that_vaurien_reads() -> None:
    dialogue = failing({'DATA': 'too-big'}, *READY, (CLIENT, b'DATA\r\n'), (BACKEND, b'250 what\r\n'), *SENDING[1:])
    assert dialogue.to_backend == sent(*READY, by=CLIENT) + b'RSET\r\n' + MAIL


def test_transaction_is_not_left_open_by_a_failed_chunk() -> None:
    dialogue = failing({'BDAT 5': 'insufficient-storage'}, *READY, (CLIENT, b'BDAT 5\r\n\r\n.\r\nBDAT 2 LAST\r\nxy'),
                       (BACKEND, b'250 reset\r\n503 5.5.1 no transaction\r\n'))
    assert dialogue.to_backend == sent(*READY, by=CLIENT) + b'RSET\r\nBDAT 2 LAST\r\nxy'
    assert dialogue.to_client.endswith(b'452 4.3.1 Insufficient system storage\r\n503 5.5.1 no transaction\r\n')


@pytest.mark.parametrize('kind, end', [('lost-reply', 'reset'), ('unanswered', 'silence')])
def test_last_chunk_is_delivered_where_only_its_reply_is_lost(kind: str, end: str) -> None:
    dialogue = failing({'BDAT': kind}, *READY, (CLIENT, b'BDAT 2 LAST\r\nxy'), (BACKEND, b'250 kept\r\n'))
    assert dialogue.to_backend.endswith(b'BDAT 2 LAST\r\nxy')
    assert dialogue.to_client == sent(*READY, by=BACKEND)
    assert dialogue.ends == [end]


def test_any_kind_that_is_drawn_fits() -> None:
    for seed in range(60):
        dialogue = Faulty({'DATA': ''}, seed)
        for turn in (*READY, (CLIENT, b'DATA\r\n')):
            dialogue.feed(*turn)
        if dialogue.to_client.endswith(GO_AHEAD):
            dialogue.feed(CLIENT, b'x\r\n.\r\n')
        if dialogue.protocol.queue:
            dialogue.feed(BACKEND, b'250 reset\r\n')
        (name, kind), = dialogue.faults
        stage = 'data' if name == 'DATA' else MESSAGE
        assert stage in SMTP.errors[kind].stages
        assert dialogue.to_client.endswith(SMTP.errors[kind].build(SMTP(), Exchange(stage=stage)).reply)


def test_connection_is_never_reused() -> None:
    protocol = failing({}, *HELLO).protocol
    assert not protocol.reusable()
    assert not SMTP().reusable()


def test_every_message_of_a_refused_mail_is_still_reported() -> None:
    dialogue = failing({'DATA': 'too-big'}, *READY, *SENDING)
    mine = [message for message in dialogue.messages if message.sender == CLIENT][3:5]
    assert mine == [Message(CLIENT, 'DATA', b'DATA\r\nSubject: x\r\n\r\n..\r\n\n.\n\n.\r\nQUIT\r\n'),
                    Message(CLIENT, '. FROM:<a@b>', b'.\r\n')]
