"""A mail server: aiosmtpd, with chunks (RFC 3030), with LMTP, and with words in its replies that tell whose they are.

It is asked over SMTP for what it has received, since hunts run in processes of their own.
"""
import asyncio
import contextlib
import json
import logging
import re
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.support.peers import free_port
from tests.support.processes import HOST, START
from tests.support.servers import PASSWORD, USER

from .clients import PATIENCE

#: of an address: whose session it is, and the word that no other request has
TOKEN = re.compile(r'(s\d+x\d*)n\d+')
LOOK = 0.003            #: [s] between two looks whether all is done
LIMIT = 1 << 26         #: [bytes] of what is told in one line
WORDS = 12              #: asked for in one command: the server takes 512 bytes, and a word has about 20

Message = list[Any]     #: sender, recipients, length and checksum of the content


class Mailbox:
    """What was received, by the word of the session; aiosmtpd calls the methods.

    Attributes:
        messages: In order.
        open: How many connections a session has.
    """

    def __init__(self) -> None:
        self.messages: dict[str, list[Message]] = {}
        self.open: Counter[str] = Counter()

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, replies: list[str]) -> list[str]:  # noqa: N802
        await self.handle_HELO(server, session, envelope, name)
        return [*replies[:-1], f'250 {name}']

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, name: str) -> str:    # noqa: N802
        if session.host_name is None and (found := TOKEN.match(name)):
            self.open[found[1]] += 1
            server.word = found[1]
        session.host_name = name
        return f'250 {name}'

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:   # noqa: N802
        envelope.mail_from = address
        return f'250 2.1.0 {address} ok'

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:   # noqa: N802
        envelope.rcpt_tos.append(address)
        return f'250-2.1.5 of many lines\r\n250 2.1.5 {address} ok'

    async def handle_VRFY(self, server: Any, session: Any, envelope: Any, address: str) -> str:     # noqa: N802
        return f'252 2.1.5 {address}'

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, word: str) -> str:    # noqa: N802
        return f'250 {word}'

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:   # noqa: N802
        found = TOKEN.match(envelope.mail_from)
        assert found is not None
        message = [envelope.mail_from, list(envelope.rcpt_tos), len(envelope.content), crc32(envelope.content)]
        self.messages.setdefault(found[1], []).append(message)
        lines = envelope.rcpt_tos if server.lmtp else [envelope.mail_from]
        return '\r\n'.join(f'250 2.0.0 {line} queued' for line in lines)


class Receiver(SMTP):
    """One connection."""

    word, lmtp = '', False

    async def smtp_BDAT(self, arg: str) -> None:    # noqa: N802
        size, last = int(arg.split()[0]), ' ' in arg
        data = await self._reader.readexactly(size)
        if not self.envelope.rcpt_tos:
            return await self.push('503 5.5.1 need RCPT command')
        self.envelope.content = (self.envelope.content or b'') + data
        if not last:
            return await self.push(f'250 2.0.0 {size} octets')
        status = await self._call_handler_hook('DATA')
        self._set_post_data_state()
        return await self.push(status)

    async def smtp_LHLO(self, arg: str) -> None:    # noqa: N802
        self.lmtp = True
        await self.smtp_EHLO(arg)

    async def smtp_XTAKE(self, arg: str) -> None:   # noqa: N802
        """Tell what sessions have sent, once all their connections have ended, and forget it."""
        mailbox, words = self.event_handler, arg.split()
        for _ in range(int(PATIENCE / LOOK)):
            if not any(mailbox.open[word] for word in words):
                break
            await asyncio.sleep(LOOK)
        for word in words:
            mailbox.open.pop(word, None)
        await self.push(json.dumps({word: mailbox.messages.pop(word, []) for word in words}))

    def connection_lost(self, error: Exception | None) -> None:
        if self.word:
            self.event_handler.open[self.word] -= 1
        super().connection_lost(error)


def knows(server: object, session: object, envelope: object, mechanism: str, credentials: Any) -> AuthResult:
    """Return whether a client is ``USER``."""
    return AuthResult(success=tuple(credentials) == (USER.encode(), PASSWORD.encode()), handled=False)


class Running(Controller):
    """The server, in a thread."""

    def factory(self) -> SMTP:
        return Receiver(self.handler, hostname=HOST, auth_require_tls=False, authenticator=knows, ident='hunted')

    @property
    def address(self) -> str:
        """The address as vaurien's command line takes it."""
        return f'{HOST}:{self.port}'


@contextlib.contextmanager
def mail_server() -> Iterator[Running]:
    """Run it; what clients do wrong on purpose is not logged."""
    logging.getLogger('mail').setLevel(logging.CRITICAL)
    controller = Running(Mailbox(), hostname=HOST, port=free_port(), ready_timeout=START)
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def taken(address: str, words: Sequence[str]) -> dict[str, list[Message]]:
    """Take from a server what sessions have sent, when it has done with them."""
    host, _, port = address.rpartition(':')
    with socket.create_connection((host, int(port)), 4 * PATIENCE) as sock, sock.makefile('rwb') as lines:
        lines.readline()
        found: dict[str, list[Message]] = {}
        for start in range(0, len(words), WORDS):
            lines.write(f'XTAKE {" ".join(words[start:start + WORDS])}\r\n'.encode())
            lines.flush()
            answer = lines.readline(LIMIT)
            assert answer.startswith(b'{'), f'the server of the hunt answers {answer!r}'
            found.update(json.loads(answer))
        return found
