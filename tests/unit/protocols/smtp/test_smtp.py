"""Conversations in SMTP, each whole, byte by byte and in random slices."""
import pytest

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, same_in_every_slicing
from vaurien.protocols import Protocol
from vaurien.protocols.message import MAX_HELD_BYTES, MAX_NAME_BYTES
from vaurien.protocols.smtp import SMTP
from vaurien.protocols.smtp.lines import MAX_LINE_BYTES

MAIL, RCPT = b'MAIL FROM:<a@b>\r\n', b'RCPT TO:<c@d>\r\n'
HELLO: list[Turn] = [(BACKEND, b'220 mx ESMTP\r\n'), (CLIENT, b'EHLO me\r\n'),
                     (BACKEND, b'250-mx\r\n250-PIPELINING\r\n250 HELP\r\n')]
#: up to the reply that the message may come
READY: list[Turn] = [*HELLO, (CLIENT, MAIL + RCPT + b'DATA\r\n'), (BACKEND, b'250 ok\r\n250 ok\r\n354 go\r\n')]


def names(dialogue: Dialogue, sender: str = CLIENT) -> list[str | None]:
    """The names of one side's messages, without what belongs to no request."""
    return [message.name for message in dialogue.messages if message.sender == sender and message.name is not None]


def talk(*turns: Turn) -> Dialogue:
    """A conversation that both framers follow to its last byte, each reply belonging to its request."""
    dialogue = same_in_every_slicing(SMTP, list(turns))
    assert dialogue.opaque == {CLIENT: '', BACKEND: ''}
    assert dialogue.tail == {CLIENT: b'', BACKEND: b''}
    assert names(dialogue, BACKEND) == names(dialogue)
    return dialogue


def given_up(sender: str, reason: str, *turns: Turn) -> Dialogue:
    """A conversation that one framer cannot follow to its end, in any slicing."""
    dialogue = same_in_every_slicing(SMTP, list(turns))
    assert reason in dialogue.opaque[sender]
    return dialogue


def test_protocol_is_known_under_its_name() -> None:
    assert Protocol.get('smtp') is SMTP


# -- commands and replies


def test_greeting_belongs_to_no_request_even_if_the_client_speaks_first() -> None:
    dialogue = talk((CLIENT, b'EHLO me\r\n'), (BACKEND, b'220-mx\r\n220 welcome\r\n'), (BACKEND, b'250 mx\r\n'))
    assert [tuple(message) for message in dialogue.messages if message.sender == BACKEND] == [
        (BACKEND, None, b'220-mx\r\n220 welcome\r\n'), (BACKEND, 'EHLO me', b'250 mx\r\n')]


def test_every_command_of_a_pipeline_has_its_own_reply() -> None:
    dialogue = talk(*HELLO, (CLIENT, MAIL + RCPT + b'rcpt to:<e@f>\r\nNOOP\r\nXWHAT ever\r\n\r\nQUIT\r\n'),
                    (BACKEND, b'250 1\r\n550 2\r\n250-3\r\n250-3\r\n250 3\r\n250 4\r\n500 5\r\n500\r\n221 6\r\n'))
    assert names(dialogue)[1:] == \
        ['MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'rcpt to:<e@f>', 'NOOP', 'XWHAT ever', '', 'QUIT']
    assert dialogue.messages[-5].data == b'250-3\r\n250-3\r\n250 3\r\n'
    assert [exchange.stage for exchange in dialogue.exchanges] == [
        'hello', 'mail', 'rcpt', 'rcpt', 'other', 'other', 'other', 'quit']


def test_reply_lines_may_end_with_a_bare_line_feed() -> None:
    talk((BACKEND, b'220 mx\n'), (CLIENT, b'HELO me\r\n'), (BACKEND, b'250-a\n250 b\n'))


def test_farewell_comes_unasked() -> None:
    dialogue = talk(*HELLO, (BACKEND, b'421-4.4.2 too slow\r\n421 bye\r\n'))
    assert dialogue.messages[-1] == (BACKEND, None, b'421-4.4.2 too slow\r\n421 bye\r\n')


def test_farewell_takes_the_place_of_a_reply() -> None:
    assert names(talk(*HELLO, (CLIENT, b'NOOP\r\n'), (BACKEND, b'421 bye\r\n')), BACKEND)[-1] == 'NOOP'


def test_name_is_cut() -> None:
    dialogue = talk(*HELLO, (CLIENT, b'NOOP ' + b'x' * MAX_NAME_BYTES + b'\r\n'), (BACKEND, b'250 ok\r\n'))
    assert len(str(names(dialogue)[-1])) == MAX_NAME_BYTES


@pytest.mark.parametrize('reply', [b'250 ok\r\n', b'354 go\r\n', b'4210\r\n', b'junk', b'2', b'\x15\x03\x03\x00\x02'])
def test_what_is_no_reply_to_anything_is_relayed(reply: bytes) -> None:
    dialogue = same_in_every_slicing(SMTP, [*HELLO, (BACKEND, reply)])
    assert bool(dialogue.opaque[BACKEND]) == (reply != b'2')
    assert dialogue.tail[BACKEND] == reply


def test_reply_that_asks_for_something_unknown_is_not_followed() -> None:
    dialogue = given_up(BACKEND, 'asks for more', *HELLO, (CLIENT, b'XSEND\r\n'), (BACKEND, b'354 go\r\n'))
    assert names(dialogue, BACKEND)[-1] == 'XSEND'


@pytest.mark.parametrize('line', [
    b'NOOP\n', b'NOOP\nNOOP\r\n', b'NOOP\rNOOP\r\n', b'NOOP\r\r\n', b'\n', b'\r\rNOOP\r\n'])
def test_line_that_servers_end_differently_is_relayed(line: bytes) -> None:
    dialogue = given_up(CLIENT, 'command', *HELLO, (CLIENT, MAIL + line + b'QUIT\r\n'), (BACKEND, b'250 ok\r\n'))
    assert dialogue.tail[CLIENT] == line + b'QUIT\r\n'
    assert names(dialogue, BACKEND) == ['EHLO me', 'MAIL FROM:<a@b>']


@pytest.mark.parametrize('first', [b'\x16\x03\x01\x02\x00', b'\x00', b'\xc3\xa9'])
def test_what_is_no_text_is_relayed_at_its_first_byte(first: bytes) -> None:
    given_up(CLIENT, 'not a command', (CLIENT, first))


@pytest.mark.parametrize('turns', [
    [*HELLO, (CLIENT, b'N' * MAX_LINE_BYTES)], [*HELLO, (CLIENT, b'N' * (MAX_LINE_BYTES + 5) + b'\r\n')],
])
def test_endless_line_is_relayed(turns: list[Turn]) -> None:
    given_up(CLIENT, 'longer than', *turns)


def test_endless_reply_is_not_held() -> None:
    dialogue = Dialogue(SMTP)
    for turn in (*HELLO, (CLIENT, b'HELP\r\n')):
        dialogue.feed(*turn)
    for _ in range(2 * MAX_HELD_BYTES // 80):
        dialogue.feed(BACKEND, b'214-' + b'x' * 74 + b'\r\n')
        assert not dialogue.protocol.response_cutter.held
    assert dialogue.opaque[BACKEND] == ''


def test_lmtp_is_relayed() -> None:
    given_up(CLIENT, 'LMTP', HELLO[0], (CLIENT, b'LHLO me\r\n'), (BACKEND, b'250 mx\r\n'))


# -- messages


@pytest.mark.parametrize('content', [
    b'', b'hello\r\n', b'..\r\n', b'.. \r\n.hidden\r\n..\r\n', b'\r\n\r\n', b'a\nb\rc\n\n\r\n', b'\r\n.x\r\n',
    b'x.\r\n', b'\n..\n\r\n', b'.\x00\r\n'])
def test_message_ends_with_its_dot(content: bytes) -> None:
    dialogue = talk(*READY, (CLIENT, content + b'.\r\nNOOP\r\n'), (BACKEND, b'250 kept\r\n250 ok\r\n'))
    assert names(dialogue)[-3:] == ['DATA', '. FROM:<a@b>', 'NOOP']
    mine = [message for message in dialogue.messages if message.sender == CLIENT]
    assert mine[-3:-1] == [(CLIENT, None, content), (CLIENT, '. FROM:<a@b>', b'.\r\n')]
    assert dialogue.exchanges[-2].stage == 'delivery'


@pytest.mark.parametrize('message', [b'body\r\n.\r\n', b'.\r\n', b'..\r\n.\r\n', b'\r\n..\r\n\r\n.\r\n'])
def test_end_of_message_is_found_across_two_reads(message: bytes) -> None:
    text = message + b'QUIT\r\n'
    for cut in range(1, len(text)):
        dialogue = Dialogue(SMTP)
        for turn in (*READY, (CLIENT, text[:cut]), (CLIENT, text[cut:])):
            dialogue.feed(*turn)
        assert names(dialogue)[-2:] == ['. FROM:<a@b>', 'QUIT']
        assert dialogue.tail[CLIENT] == b''


def test_next_message_begins_like_the_first() -> None:
    dialogue = talk(*READY, (CLIENT, b'x\r\n.\r\n'), (BACKEND, b'250 kept\r\n'),
                    (CLIENT, b'MAIL FROM:<> SIZE=3\r\n' + RCPT + b'DATA\r\n'), (BACKEND, b'250\r\n250\r\n354\r\n'),
                    (CLIENT, b'.\r\n'), (BACKEND, b'554 no\r\n'))
    assert names(dialogue)[-1] == '. FROM:<> SIZE=3'


@pytest.mark.parametrize('answer', [b'503 RCPT?\r\n', b'554-no\r\n554 recipients\r\n', b'250 what\r\n'])
def test_refused_data_is_followed_by_a_command(answer: bytes) -> None:
    dialogue = talk(*HELLO, (CLIENT, b'DATA\r\n'), (BACKEND, answer), (CLIENT, b'.\r\n'), (BACKEND, b'500\r\n'))
    assert dialogue.exchanges[-1].stage == 'other'


@pytest.mark.parametrize('farewell', [b'221 bye\r\n', b'421-too\r\n421 late\r\n'])
def test_replies_after_a_farewell_are_not_taken_for_replies(farewell: bytes) -> None:
    dialogue = given_up(BACKEND, 'after the last one', *HELLO, (CLIENT, b'NOOP\r\nNOOP\r\n'), (BACKEND, farewell + b'250 ok\r\n'))
    assert dialogue.tail[BACKEND] == b'250 ok\r\n'


@pytest.mark.parametrize('command', [b'DATA', b'AUTH LOGIN', b'STARTTLS', b'ATRN'])
def test_client_that_does_not_wait_is_relayed_and_its_replies_are_still_paired(command: bytes) -> None:
    dialogue = given_up(CLIENT, 'did not wait', *HELLO, (CLIENT, MAIL + command + b'\r\nQUIT\r\n'),
                        (BACKEND, b'250 ok\r\n500 what\r\n221 bye\r\n'))
    assert names(dialogue, BACKEND) == ['EHLO me', 'MAIL FROM:<a@b>', command.decode()]
    assert dialogue.tail == {CLIENT: b'QUIT\r\n', BACKEND: b'221 bye\r\n'}


def test_client_that_has_only_the_replies_before_does_not_know_what_comes_next_either() -> None:
    given_up(CLIENT, 'did not wait', *HELLO, (CLIENT, MAIL + b'DATA\r\n'), (BACKEND, b'250 ok\r\n'), (CLIENT, b'.\r\n'))


@pytest.mark.parametrize('end', [b'\n.\n', b'\n.\r\n', b'\r\n.\n', b'\r\n.\rX', b'\n.\rX', b'\n.\r\r\n'])
def test_end_of_message_that_only_some_servers_see_is_not_followed(end: bytes) -> None:
    smuggled = b'hello' + end + MAIL + RCPT + b'DATA\r\nspam\r\n.\r\n'
    dialogue = given_up(CLIENT, 'lone dot', *READY, (CLIENT, smuggled), (BACKEND, b'250 kept\r\n250 ok\r\n'))
    assert dialogue.tail == {CLIENT: smuggled, BACKEND: b'250 kept\r\n250 ok\r\n'}


def test_dot_between_bare_line_feeds_is_seen_at_the_beginning_of_a_message() -> None:
    given_up(CLIENT, 'lone dot', *READY, (CLIENT, b'.\nMAIL FROM:<x@y>\r\n'))


def test_reply_in_the_middle_of_a_message_is_not_followed() -> None:
    given_up(BACKEND, 'nothing asked', *READY, (CLIENT, b'hello\r\n'), (BACKEND, b'250 already\r\n'))


def test_farewell_may_come_in_the_middle_of_a_message() -> None:
    dialogue = same_in_every_slicing(SMTP, [*READY, (CLIENT, b'hello\r\n'), (BACKEND, b'421 4.4.2 too slow\r\n')])
    assert dialogue.messages[-1] == (BACKEND, None, b'421 4.4.2 too slow\r\n')


def test_message_of_20_mb_is_never_held() -> None:
    dialogue = Dialogue(SMTP)
    for turn in READY:
        dialogue.feed(*turn)
    requests, line = dialogue.protocol.request_cutter, b'x' * 76 + b'\r\n'
    block, passed = line * 840, 0
    while passed < 20_000_000:
        for end, exchange, done in requests.cut(block):
            assert (end, exchange, done) == (len(block), None, False)
        assert not requests.held
        passed += len(block)
    parts = list(requests.cut(b'.\r\n'))
    assert [part[0] for part in parts] == [0, 3]


# -- chunks


@pytest.mark.parametrize('text, chunks', [
    (b'BDAT 5\r\nQUIT\n', ['BDAT 5']),
    (b'BDAT 5\r\n\r\n.\r\nBDAT 3 LAST\r\nabc', ['BDAT 5', 'BDAT 3 LAST']),
    (b'bdat 7 last\r\n\n.\nDATA', ['bdat 7 last']),
    (b'BDAT 0 LAST\r\n', ['BDAT 0 LAST']),
    (b'BDAT 2\r\n\r\nBDAT 0 LAST\r\n', ['BDAT 2', 'BDAT 0 LAST'])])
def test_chunk_is_as_long_as_its_line_says(text: bytes, chunks: list[str]) -> None:
    dialogue = talk(*HELLO, (CLIENT, MAIL + RCPT + text + b'NOOP\r\n'), (BACKEND, b'250 ok\r\n' * (3 + len(chunks))))
    assert names(dialogue)[3:] == [*chunks, 'NOOP']
    assert [exchange.stage for exchange in dialogue.exchanges[3:-1]] == \
        ['last-chunk' if 'LAST' in name.upper() else 'chunk' for name in chunks]


def test_chunk_is_forwarded_unseen() -> None:
    dialogue = Dialogue(SMTP)
    for turn in (*HELLO, (CLIENT, b'BDAT 1000000000 LAST\r\nbegins')):
        dialogue.feed(*turn)
    requests = dialogue.protocol.request_cutter
    assert requests.framer.rest == 1_000_000_000 - 6
    requests.skipped(requests.framer.rest)
    dialogue.feed(CLIENT, b'')
    dialogue.feed(CLIENT, b'QUIT\r\n')
    assert names(dialogue)[-2:] == ['BDAT 1000000000 LAST', 'QUIT']


@pytest.mark.parametrize('size', [b'', b'x', b'-1', b'+1', b'1 2', b'1 LAST x', b'9' * 16])
def test_chunk_of_unknown_size_is_relayed(size: bytes) -> None:
    text = b'BDAT ' + size + b'\r\nab'
    assert given_up(CLIENT, 'unknown size', *HELLO, (CLIENT, text)).tail[CLIENT] == text


def test_backend_without_chunks_takes_them_for_commands() -> None:
    dialogue = given_up(BACKEND, 'BDAT', *HELLO, (CLIENT, b'BDAT 6 LAST\r\nNOOP\r\n'),
                        (BACKEND, b'500 what\r\n250 ok\r\n'))
    assert dialogue.tail[BACKEND] == b'250 ok\r\n'


# -- AUTH and STARTTLS


@pytest.mark.parametrize('first, stage, rest', [
    (b'AUTH PLAIN AHUAc2VjcmV0\r\n', 'auth-initial', []),
    (b'auth  plain\tAHUAc2VjcmV0 x\r\n', 'auth-initial', []),
    (b'AUTH PLAIN\r\n', 'auth', [b'AHUAc2VjcmV0\r\n']),
    (b'AUTH LOGIN\r\n', 'auth', [b'dXNlcg==\r\n', b'c2VjcmV0\r\n']),
    (b'AUTH LOGIN dXNlcg==\r\n', 'auth-initial', [b'c2VjcmV0\r\n']),
    (b'AUTH CRAM-MD5\r\n', 'auth', [b'dXNlciBjMlZqY21WMA==\r\n']),
    (b'AUTH EXTERNAL\r\n', 'auth', [b'\r\n', b'DATA\r\n'])])
def test_credentials_are_no_names(first: bytes, stage: str, rest: list[bytes]) -> None:
    steps = [turn for line in rest for turn in ((BACKEND, b'334 VXNlcm5hbWU6\r\n'), (CLIENT, line))]
    dialogue = talk(*HELLO, (CLIENT, first), *steps, (BACKEND, b'235 2.7.0 welcome\r\n'),
                    (CLIENT, MAIL), (BACKEND, b'250 ok\r\n'))
    auth = dialogue.exchanges[1:-1]
    assert {exchange.name for exchange in auth} == {b' '.join(first.split()[:2]).decode()}
    assert [exchange.stage for exchange in auth] == [stage] + ['credentials'] * len(rest)
    assert names(dialogue)[-1] == 'MAIL FROM:<a@b>'
    assert dialogue.protocol.authenticated


@pytest.mark.parametrize('refusal', [b'535 5.7.8 no\r\n', b'501 5.7.0 given up\r\n', b'454 later\r\n'])
def test_refused_credentials_are_followed_by_a_command(refusal: bytes) -> None:
    dialogue = talk(*HELLO, (CLIENT, b'AUTH LOGIN\r\n'), (BACKEND, b'334 \r\n'), (CLIENT, b'*\r\n'), (BACKEND, refusal),
                    (CLIENT, MAIL), (BACKEND, b'530 no\r\n'))
    assert names(dialogue)[-1] == 'MAIL FROM:<a@b>'
    assert not dialogue.protocol.authenticated


@pytest.mark.parametrize('command, answer', [
    (b'STARTTLS', b'220 go\r\n'), (b'ATRN d', b'250 ok\r\n'), (b'TURN', b'250 ok\r\n')])
def test_after_a_change_of_roles_or_of_layers_nothing_is_read(command: bytes, answer: bytes) -> None:
    dialogue = same_in_every_slicing(SMTP, [*HELLO, (CLIENT, command + b'\r\n'), (BACKEND, answer + b'\x16\x03\x03')])
    assert dialogue.opaque[BACKEND]
    assert names(dialogue, BACKEND)[-1] == command.decode()
    assert dialogue.tail[BACKEND] == b'\x16\x03\x03'


def test_refused_starttls_is_followed_by_a_command() -> None:
    talk(*HELLO, (CLIENT, b'STARTTLS\r\n'), (BACKEND, b'454 no TLS\r\n'), (CLIENT, b'QUIT\r\n'), (BACKEND, b'221\r\n'))


# -- what real clients and servers said

RECORDED = corpus.conversations('smtp')
#: who gave up following, and how many requests were answered before; of the others all were
RELAYED = {'smtplib-starttls': (BACKEND, 2), 'bdat-not-known': (BACKEND, 4),
           'bare-line-feeds': (CLIENT, 0), 'data-too-early': (CLIENT, 4)}


@pytest.mark.parametrize('name', RECORDED)
def test_recorded_conversation_is_followed(name: str) -> None:
    if name not in RELAYED:
        talk(*RECORDED[name])
        return
    who, answered = RELAYED[name]
    dialogue = same_in_every_slicing(SMTP, RECORDED[name])
    assert dialogue.opaque[who]
    assert len(names(dialogue, BACKEND)) == answered


def test_recorded_mail_is_named_as_smtplib_sent_it() -> None:
    said = names(talk(*RECORDED['smtplib-everyday']))
    assert said[:9] == [
        'ehlo client.test', 'noop', 'vrfy a@b.test', 'mail FROM:<a@b.test> size=44', 'rcpt TO:<c@d.test>',
        'rcpt TO:<nobody@d.test>', 'rcpt TO:<e@d.test>', 'data', '. FROM:<a@b.test> size=44']


@pytest.mark.parametrize('name', [name for name in RECORDED if 'auth' in name])
def test_no_recorded_secret_is_in_a_name(name: str) -> None:
    lines = b''.join(data for sender, data in RECORDED[name] if sender == CLIENT).split()
    secrets = {line.decode() for line in lines if len(line) > 7 and line.isalnum() or line.endswith(b'=')}
    assert secrets
    assert not secrets & set(' '.join(map(str, names(talk(*RECORDED[name])))).split())
