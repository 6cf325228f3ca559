"""SMTP: pipelines, several recipients, messages with dots, chunks, logins, LMTP; and smtplib.

Each session has addresses of its own, so that a model of one client at a time knows every reply and every message. A request is a
unit of messages: see ``smtp_plan``.
"""
import contextlib
import re
import smtplib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from random import Random
from typing import Any

from tests.support.servers import PASSWORD, USER
from vaurien.protocols.smtp.failures import KINDS

from .clients import Raw, Tapped, tap
from .oracle import Seen, shown
from .smtp_backend import TOKEN, mail_server, taken
from .smtp_model import Server
from .smtp_plan import Planner, secret
from .subject import Client
from .units import Message, Unit
from .verdict import Outcome, judge, possible

SECRETS = (secret('', USER, PASSWORD), secret(PASSWORD))
_REPLY = re.compile(rb'(?:(\d\d\d)-.*\r\n)*(\d\d\d)(?: .*)?\r\n')
DOTS = re.compile(r'(?m)^\.')


class SMTP:
    """The subject; see ``subject.Subject``."""

    name = 'smtp'
    kinds = tuple(sorted(name for name, kind in KINDS.items() if not kind.only_named))
    lossy = True
    patient = False     # aiosmtpd drops what it has not replied to when its client ends

    def server(self) -> AbstractContextManager[Any]:
        return mail_server()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        how = random.choices(('raw', 'lmtp', 'smtplib'), (7, 1, 2))[0]
        planner = Planner(random, f's{word}', how == 'lmtp')
        says = [[planner.unit() for _ in range(random.choice((1, 1, 2)))] for _ in range(random.randint(1, 3))]
        if how == 'lmtp':   # relayed unread: no reply tells how many more there are but those that are wanted
            says = [[planner.message() for _ in range(random.randint(1, 2))]]
        if random.random() < 0.95:
            says[0].insert(0, [['line', f'{"LHLO" if how == "lmtp" else "EHLO"} {planner.token()}']])
        if random.random() < 0.1:
            says[-1].append([['line', 'QUIT']])
        return {'as': how, 'real': how == 'smtplib', 'word': f's{word}'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return RealClient(port) if plan['as'] == 'smtplib' else PlainClient(port)

    def judge(self, seen: Seen) -> list[str]:
        return judge(before_spoilt(seen), came(seen), outcome(seen), seen.plan['as'] == 'lmtp')

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        kept, wrong = taken(address, [session.plan['word'] for session in seen]), []
        for session in seen:
            mine = tuple((token(sender), tuple(token(each) for each in recipients), *content)
                         for sender, recipients, *content in kept[session.plan['word']])
            may = possible(session, len(came(session)), outcome(session))
            if mine not in may and not session.spoilt:  # what a client says next depends on what it has read
                wrong.append(f'session {session.number}: the server has {shown(mine)}, and not {shown(may)}')
        return wrong


SUBJECT = SMTP()


def before_spoilt(seen: Seen) -> Seen:
    """Return a session with its faults up to the first reply that was spoilt; what a client says next depends on that."""
    first = min((number for number, fault in seen.faults.items() if fault.kind == 'inject'), default=None)
    if first is None:
        return seen
    return replace(seen, faults={number: fault for number, fault in seen.faults.items() if number <= first})


def token(text: str) -> str:
    """Return the word in a text that no other request has; empty: there is none."""
    found = TOKEN.search(text)
    return found[0] if found else ''


def reply_end(got: bytes, at: int) -> int:
    """Return where the reply at an offset ends; 0: it has not come."""
    while end := got.find(b'\n', at) + 1:
        if got[at + 3:at + 4] != b'-':
            return end
        at = end
    return 0


def came(seen: Seen) -> list[Any]:
    """Return the replies that a session got; None for what is none."""
    found: list[Any] = []
    at = 0
    while end := reply_end(seen.got, at):
        fits = _REPLY.fullmatch(seen.got, at, end)
        known = fits is not None and fits[1] in (None, fits[2])
        found.append((fits[2].decode(), token(seen.got[at:end].decode('latin-1'))) if fits and known else None)
        at = end
    return found


def outcome(seen: Seen) -> Outcome:
    """Return what was to come of what a session has said."""
    data = 'data' if seen.plan['as'] == 'smtplib' else 'DATA'
    server = Server(seen.faults, SECRETS, data, came(seen) if seen.cut else ())
    for unit in seen.asked:
        server.take(unit)
    return server.outcome


def encode(asks: Sequence[Message]) -> tuple[bytes, int]:
    """Return the bytes of messages that wait for nothing, and how many replies they have."""
    said = b''
    for word, text, *last in asks:
        data = text.encode()
        said += b'BDAT %d%b\r\n%b' % (len(data), b' LAST' if last[0] else b'', data) if word == 'bdat' else data + b'\r\n'
    return said, len(asks)


class PlainClient(Raw):
    """A client that says each message itself.

    Attributes:
        todo: Messages that are still to be said: where something else has to come before, they wait until replies are heard.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port, encode, reply_end)
        self.todo: list[Message] = [['greeting']]
        self._due = 1
        self._begun = 0         # lines of the first message that have been said
        self._lmtp = False      # it has been said: a message has a reply for each recipient

    def say(self, asks: Sequence[Unit]) -> int:
        for unit in asks:
            self.todo += unit
            self._lmtp = self._lmtp or any(text.startswith('LHLO') for _, text, *_ in unit)
        self._go_on(lambda: True)
        return len(asks)

    def hear(self, content: Callable[[], bool]) -> None:
        vain = self.in_vain(content)
        if self._go_on(vain):
            super().hear(content)

    def _go_on(self, vain: Callable[[], bool]) -> bool:
        """Say all that is to be said, and return whether that was possible."""
        while self.todo and not self.end:
            together = next((at for at, message in enumerate(self.todo) if message[0] not in ('line', 'bdat')), len(self.todo))
            if together:
                super().say(self.todo[:together])
                del self.todo[:together]
            elif not self._alone(self.todo[0], vain):
                return False
            else:
                self._begun = 0
                del self.todo[0]
        return not self.todo

    def _alone(self, message: Message, vain: Callable[[], bool]) -> bool:
        """Say what depends on replies, line by line; return whether that was possible."""
        if not self.read_until(self._complete, vain):
            return False
        lines = {'greeting': [], 'data': ['DATA']}.get(message[0], message[1:])
        while self._begun < len(lines) and (not self._begun or self._code() == b'334'):
            self._said = self._at
            super().say([['line', lines[self._begun]]])
            self._begun += 1
            if not self.read_until(self._complete, vain):
                return False
        if message[0] == 'data' and self._code() == b'354':
            super().say([['line', DOTS.sub('..', message[1].replace('\r\n', '\n')).replace('\n', '\r\n') + '.']])
            self._due += message[2] - 1 if self._lmtp else 0
        return True

    def _code(self) -> bytes:
        """Return the code of the last reply."""
        return bytes(self.sock.got[self._said:self._said + 3])


class Library(smtplib.SMTP):
    """smtplib, on a socket that is there already."""

    def __init__(self, sock: Any) -> None:
        self._tap = sock
        super().__init__(local_hostname='localhost')

    def _get_socket(self, *_: Any) -> Any:
        return self._tap


class RealClient(Tapped):
    """smtplib; it hears each reply before it says the next line."""

    def __init__(self, port: int) -> None:
        super().__init__(tap(port))
        self._library = Library(self.sock)
        self._greeted = False

    def say(self, asks: Sequence[Unit]) -> int:
        said = 0
        with contextlib.suppress(smtplib.SMTPException):
            for unit in asks:
                said += 1
                for message in unit:
                    if self.end:
                        return said
                    self._say(message)
        return said

    def _say(self, message: Message) -> None:
        self._greet()
        word, *fields = message
        if word == 'data':
            with contextlib.suppress(smtplib.SMTPDataError):
                self._library.data(fields[0].encode())
        elif word == 'bdat':
            self._library.send(encode([message])[0])
            self._library.getreply()
        else:
            code, _ = self._library.docmd(fields[0])
            for line in fields[1:]:
                code = self._library.docmd(line)[0] if code == 334 else code

    def hear(self, content: Callable[[], bool]) -> None:
        with contextlib.suppress(smtplib.SMTPException):
            self._greet()
        super().hear(content)

    def leave(self, how: str) -> None:
        super().leave(how)
        self._library.close()   # its file keeps the socket open

    def _greet(self) -> None:
        if not self._greeted:
            self._greeted = True
            self._library.connect('127.0.0.1', self.port)
