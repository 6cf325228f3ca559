"""TLS on connections that begin in the clear: the option ``starttls``, and what is said to a backend before TLS begins, in every
slicing. With real servers and clients it is tested in ``tests/integration/test_starttls.py``.
"""
from collections.abc import Iterator

import pytest

from vaurien.protocols import Protocol
from vaurien.protocols.mysql.packets import SSL, greeting, packet, with_tls
from vaurien.protocols.mysql.tls import AskForTLS as MySQLSwitch
from vaurien.protocols.mysql.tls import Renumbered
from vaurien.protocols.postgres.tls import SSL_REQUEST, without_binding
from vaurien.protocols.postgres.tls import AskForTLS as PostgresSwitch
from vaurien.protocols.smtp.tls import EHLO, STARTTLS, with_starttls, without_starttls
from vaurien.protocols.smtp.tls import AskForTLS as SMTPSwitch
from vaurien.protocols.starttls import NoTLSError, Switch, begins

TAKE_IT = ('mysql', 'postgres', 'smtp')


@pytest.mark.parametrize('name', Protocol.names())
def test_those_take_it_whose_connections_begin_in_the_clear(name):
    option = Protocol.options(Protocol.get(name)).get('starttls')
    assert (option is not None) == (name in TAKE_IT)
    assert option is None or (option.default, option.choices) == ('relay', ('relay', 'refuse', 'direct'))


def test_the_reason_names_the_way_out():
    assert begins('mysql') == 'TLS begins; with --protocol-mysql-starttls refuse clients that need no TLS go on in the clear'


def slices(data: bytes) -> Iterator[list[bytes]]:
    """Cut bytes into two at each place, and into single ones."""
    for at in range(len(data) + 1):
        yield [piece for piece in (data[:at], data[at:]) if piece]
    yield [bytes((byte,)) for byte in data]


class Talk:
    """A switch, and what has come of it."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.read, self.said = b'', b''

    def hear(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self.read += self.switch.received(piece)
            self._collect()

    def want(self, pieces: list[bytes]) -> None:
        for number in range(len(pieces)):
            self.switch.wanted(b''.join(pieces[:number + 1]))
            self._collect()

    def _collect(self) -> None:
        self.said += self.switch.out
        self.switch.out = b''


# -- postgres

def test_postgres_is_asked_once_and_agrees_with_one_byte() -> None:
    for pieces in slices(b'\0\0\0\x09\0\3\0\0\0'):
        talk = Talk(PostgresSwitch())
        talk.want(pieces)
        assert (talk.said, talk.switch.begins) == (SSL_REQUEST, False)
        talk.hear([b'S'])
        assert (talk.said, talk.read, talk.switch.begins) == (SSL_REQUEST, b'', True)


@pytest.mark.parametrize('answer, reason', [
    (b'N', 'it speaks no TLS'), (b'SE', 'bytes in the clear'), (b'E', 'begins no TLS'), (b'X', "b'X'")])
def test_postgres_does_not_begin_after_another_answer(answer: bytes, reason: str) -> None:
    talk = Talk(PostgresSwitch())
    talk.want([b'\0'])
    with pytest.raises(NoTLSError, match=reason):
        talk.hear([answer])
    assert not talk.switch.begins


def test_postgres_that_speaks_before_it_is_asked_is_none() -> None:
    with pytest.raises(NoTLSError, match='out of turn'):
        Talk(PostgresSwitch()).hear([b'S'])


@pytest.mark.parametrize('names, left', [
    (b'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0', b'SCRAM-SHA-256\0\0'), (b'SCRAM-SHA-256\0\0', b'SCRAM-SHA-256\0\0')])
def test_binding_to_tls_is_taken_out_of_what_postgres_offers(names: bytes, left: bytes) -> None:
    def offer(what: bytes) -> bytes:
        return b'R' + (8 + len(what)).to_bytes(4, 'big') + (10).to_bytes(4, 'big') + what
    assert without_binding(offer(names)) == offer(left)


@pytest.mark.parametrize('message', [b'', b'R', b'R\0\0\0\x08\0\0\0\0', b'N\0\0\0\x05\0', b'R\0\0\0\x0c\0\0\0\x05SALT'])
def test_other_messages_of_postgres_stay(message: bytes) -> None:
    assert without_binding(message) == message


# -- mysql

GREETING = packet(0, bytes.fromhex('0a') + b'8.0.36\0' + bytes(4) + b'a' * 8 + b'\0' + bytes.fromhex('ffff21020081ff15')
                  + bytes(10) + b'b' * 12 + b'\0mysql_native_password\0')
LOGIN = packet(1, bytes.fromhex('85a63f0000000001ff') + bytes(23) + b'root\0\x14' + b's' * 20)
OK, DENIED, MORE, SWITCH = (packet(2, payload) for payload in (b'\0\0\0\2\0\0\0', b'\xff\x15\x04#28000no', b'\1\4', b'\xfex\0y'))


def moved(data: bytes, by: int) -> bytes:
    """Return one packet with another sequence id."""
    return data[:3] + bytes(((data[3] + by) & 0xff,)) + data[4:]


def inside(login: bytes) -> bytes:
    """Return a login as it is inside TLS."""
    return moved(login, 1)[:5] + bytes((login[5] | SSL >> 8,)) + login[6:]


def test_mysql_is_asked_with_the_beginning_of_the_login() -> None:
    assert greeting(GREETING[4:]).capabilities & SSL
    for pieces in slices(GREETING):
        talk = Talk(MySQLSwitch())
        talk.hear(pieces)
        assert (talk.read, talk.said) == (with_tls(GREETING, offer=False), b'')
        assert not greeting(talk.read[4:]).capabilities & SSL
        assert len(talk.read) == len(GREETING)
    for pieces in slices(LOGIN):
        talk = Talk(MySQLSwitch())
        talk.hear([GREETING])
        talk.want(pieces)
        assert talk.said == b'\x20\0\0\1' + inside(LOGIN)[4:36]
        assert talk.switch.begins


@pytest.mark.parametrize('sent, reason', [
    (with_tls(GREETING, offer=False), 'does not offer it'), (packet(0, b'\5hello'), 'none of MySQL'),
    (packet(0, b'\x0a8'), 'cut short'),
    (b'220 mail.example.org\r\n', 'none of MySQL'), (GREETING + b'\1', 'bytes in the clear')])
def test_mysql_that_offers_no_tls_is_told_apart(sent: bytes, reason: str) -> None:
    with pytest.raises(NoTLSError, match=reason):
        Talk(MySQLSwitch()).hear([sent])


def test_an_error_in_place_of_the_greeting_reaches_the_client() -> None:
    error = packet(0, b'\xff\x10\x04Too many connections')
    for pieces in slices(error):
        talk = Talk(MySQLSwitch())
        talk.hear(pieces)
        assert (talk.read, talk.switch.over, talk.switch.begins) == (error, True, False)


@pytest.mark.parametrize('server', [True, False], ids=['towards the server', 'towards the client'])
@pytest.mark.parametrize('end', [OK, DENIED], ids=['let in', 'refused'])
def test_a_login_is_numbered_otherwise_inside_in_both_directions(server: bool, end: bytes) -> None:
    """LOGIN, AuthSwitchRequest, its response, AuthMoreData, OK: all but the first from 2 on."""
    response = packet(3, b'scrambled')
    clear = [(True, LOGIN), (False, SWITCH), (True, response), (False, moved(MORE, 2)), (False, moved(end, 3))]
    hidden = [(True, inside(LOGIN))] + [(asks, moved(data, 1)) for asks, data in clear[1:]]
    for number in range(max(len(data) for _, data in clear) + 1):
        alteration = Renumbered(server)
        for (asks, outside), (_, within) in zip(clear, hidden, strict=True):
            given, wanted = (outside, within) if asks is server else (within, outside)
            change = alteration.sent if asks is server else alteration.received
            assert not alteration.over
            assert change(given[:number]) + change(given[number:]) == wanted
        assert alteration.over or not number    # cut in two; with nothing before the cut, the second part tells
    alteration = Renumbered(server)
    for (asks, outside), (_, within) in zip(clear, hidden, strict=True):
        given, wanted = (outside, within) if asks is server else (within, outside)
        change = alteration.sent if asks is server else alteration.received
        assert b''.join(change(bytes((byte,))) for byte in given) == wanted
    assert alteration.over


def test_packets_of_no_bytes_and_several_at_once_are_numbered_too() -> None:
    alteration = Renumbered(server=False)
    several = packet(3, b'') + packet(4, b'') + packet(255, b'x') + packet(7, b'abc' * 100)
    assert alteration.received(LOGIN) == moved(LOGIN, -1)[:5] + bytes((LOGIN[5] & ~(SSL >> 8),)) + LOGIN[6:]
    assert alteration.received(several) == packet(2, b'') + packet(3, b'') + packet(254, b'x') + packet(6, b'abc' * 100)
    assert not alteration.over


# -- smtp

HELLO, OFFER, GO = b'220-mail\r\n220 hello\r\n', b'250-mail\r\n250-SIZE 9\r\n250 STARTTLS\r\n', b'220 2.0.0 go\r\n'


def test_a_mail_server_is_asked_after_its_greeting_which_the_client_gets_once_tls_begins() -> None:
    for parts in zip(*(list(slices(reply))[-8:] for reply in (HELLO, OFFER, GO)), strict=True):
        talk = Talk(SMTPSwitch())
        said = []
        for pieces in parts:
            assert (talk.read, talk.switch.begins) == (b'', False)
            talk.hear(pieces)
            said.append(talk.said)
        assert said == [EHLO, EHLO + STARTTLS, EHLO + STARTTLS]
        assert (talk.read, talk.switch.begins) == (HELLO, True)


@pytest.mark.parametrize('replies, reason', [
    ([HELLO, b'250-STARTTLS\r\n250 HELP\r\n'], 'does not offer STARTTLS'), ([HELLO, b'502 no\r\n'], 'does not offer STARTTLS'),
    ([HELLO, OFFER, b'454 not now\r\n'], '454 not now'), ([HELLO, OFFER, GO + b'250 more\r\n'], 'bytes in the clear'),
    ([HELLO, OFFER, GO, b'2'], 'bytes in the clear'), ([HELLO + b'250 ok\r\n'], 'out of turn'),
    ([b'hello\r\n'], 'no reply of SMTP'),
    ([b'220-' + b'x' * 100 + b'\r\n220-' + b'y' * 70_000], 'more than'), ([HELLO, b'2\xb2\xb2 x\r\n'], 'no reply of SMTP')])
def test_a_mail_server_that_does_not_begin_tls_is_told_apart(replies: list[bytes], reason: str) -> None:
    talk = Talk(SMTPSwitch())
    with pytest.raises(NoTLSError, match=reason):
        talk.hear(replies)


def test_a_mail_server_that_takes_no_client_says_so_itself() -> None:
    talk = Talk(SMTPSwitch())
    talk.hear([b'554 no ', b'service\r\n'])
    assert (talk.read, talk.said, talk.switch.over) == (b'554 no service\r\n', b'', True)


@pytest.mark.parametrize('reply, offered', [
    (b'250 mail\r\n', b'250-mail\r\n250 STARTTLS\r\n'), (b'250\r\n', b'250-\r\n250 STARTTLS\r\n'),
    (b'250-mail\r\n250 HELP\r\n', b'250-mail\r\n250-HELP\r\n250 STARTTLS\r\n'),
    (b'250-mail\r\n250-starttls\r\n250 HELP\r\n', b'250-mail\r\n250-HELP\r\n250 STARTTLS\r\n'),
    (b'250-mail\n250 HELP\n', b'250-mail\n250-HELP\n250 STARTTLS\n'),
    (b'250-mail\r\n250 STARTTLS\r\n', b'250-mail\r\n250 STARTTLS\r\n')])
def test_starttls_is_offered_once_and_taken_away_again(reply: bytes, offered: bytes) -> None:
    assert with_starttls(reply) == offered
    assert without_starttls(offered).count(b'STARTTLS') == 0
    assert with_starttls(offered) == offered
