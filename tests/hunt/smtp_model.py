"""What the mail server of ``smtp_backend`` replies and keeps, that fails as a journal says. Knows no socket and no vaurien.

A reply is its code and the word in it that no other request has, if there is one.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from zlib import crc32

from .oracle import Fault
from .smtp_backend import TOKEN
from .verdict import CLOSE, CUT, SILENCE, Outcome

#: by kind, the code of a reply
CODES = {'service-unavailable': '421', 'idle-timeout': '421', 'too-many-connections': '421', 'mailbox-busy': '450',
         'greylisted': '450', 'local-error': '451', 'insufficient-storage': '452', 'too-many-recipients': '452',
         'tls-unavailable': '454', 'auth-temporary': '454', 'not-implemented': '502', 'auth-required': '530',
         'auth-too-weak': '534', 'auth-failed': '535', 'encryption-required': '538', 'hello-rejected': '550',
         'sender-rejected': '550', 'mailbox-unavailable': '550',
         'content-rejected': '550', 'user-moved': '551', 'mailbox-full': '552', 'too-big': '552',
         'name-not-allowed': '553', 'relay-denied': '554', 'transaction-failed': '554'}
CLOSING = ('service-unavailable', 'idle-timeout')


class Server:
    """One session at the server's side.

    Args:
        faults: What the journal says, by the number of the exchange.
        secrets: The lines that let a client in.
        data: How the client writes DATA.
        heard: What came, where a cut leaves open whether vaurien was about to refuse a message.
    """

    def __init__(self, faults: Mapping[int, Fault], secrets: Sequence[str], data: str, heard: Sequence[Any]) -> None:
        self.faults, self.secrets, self.data, self.heard = faults, secrets, data, heard
        self.hello, self.lmtp = '', False   # the first word of the last greeting, if it was accepted
        self.authenticated = self.unread = False
        self.sender, self.said, self.recipients, self.chunks = '', '', list[str](), b''
        self.messages: tuple[Any, ...] = ()
        self.outcome = Outcome()
        opening = faults.get(0)
        if opening is None:
            self._reply('220')
        else:
            self._reply(CODES[opening.kind])
            self.outcome.finish(CLOSE)

    def take(self, sent: Sequence[Sequence[Any]]) -> None:
        """Take what a client sends."""
        for word, *fields in sent:
            if not self.outcome.end:
                getattr(self, f'_{word}')(*fields)
            self.outcome.handled(self.messages)

    def _reply(self, code: str, token: str = '') -> str:
        self.outcome.answers.append((code, token))
        self.outcome.flush()
        return code

    # -- what a client does

    def _line(self, text: str) -> str:
        if text.startswith('MAIL'):
            self.said = text[4:]
        if text.startswith('LHLO'):
            self.unread = self.lmtp = True
        return self._ask(text, lambda: self._command(text))

    _alone = _line

    def _auth(self, first: str, *lines: str) -> None:
        words = first.split()
        code = self._ask(' '.join(words[:2]), lambda: self._credentials(words[2:], 0))
        for number, line in enumerate(lines):
            if code != '334' or self.outcome.end:
                return
            code = self._ask(' '.join(words[:2]), lambda line=line, number=number: self._credentials(   # type: ignore[misc]
                [line], number + 1, words[1] == 'LOGIN'))

    def _data(self, content: str, replies: int) -> None:
        if self._ask(self.data, self._go_ahead) == '354' and not self.outcome.end:
            self._ask(f'.{self.said}', lambda: self._end(content.encode()), refuse=self._reset)

    def _bdat(self, content: str, last: bool) -> None:
        data = content.encode()
        self._ask(f'BDAT {len(data)}{" LAST" if last else ""}', lambda: self._chunk(data, last), refuse=self._reset)

    # -- faults

    def _ask(self, name: str, do: Callable[[], str], refuse: Callable[[], None] = lambda: None) -> str:
        """Reply to a request, as the server does or as the journal says; return the code, empty: there is no reply."""
        outcome = self.outcome
        if self.unread:
            return do()
        outcome.names.append(name)
        fault = self.faults.get(len(outcome.names))
        kind = fault.kind if fault is not None else ''
        if fault is None or not kind and fault.behavior in ('delay', 'dummy'):
            return do()
        if kind in CODES:
            if name == self.data:
                self._reset()
            refuse()
            self._reply(CODES[kind])
            outcome.end = CLOSE if kind in CLOSING else ''
            return CODES[kind]
        if kind == 'inject':
            outcome.garble()
            return do()
        if fault.behavior == 'abort' or kind == 'unanswered':
            before, must = len(outcome.answers), outcome.must
            do()
            del outcome.answers[before:]
            outcome.must = must
        outcome.finish({'hang': SILENCE, '': CUT}.get(fault.behavior if fault.behavior == 'hang' else kind, SILENCE))
        return ''

    # -- what the server does

    def _command(self, text: str) -> str:
        verb, _, rest = text.partition(' ')
        found = TOKEN.search(rest)
        token = found[0] if found else ''
        if verb in ('EHLO', 'HELO', 'LHLO'):
            return self._greet(verb, token)
        if verb == 'MAIL' and self.hello == 'HELO' and rest.count(' '):
            return self._reply('501')   # it has parameters
        return self._VERBS.get(verb, lambda self, token: self._reply('500'))(self, token)

    def _greet(self, verb: str, token: str) -> str:
        self._reset()
        self.hello = verb
        return self._reply('250', token)

    def _mail(self, token: str) -> str:
        if not self.hello or self.sender:
            return self._reply('503')
        self.sender = token
        return self._reply('250', token)

    def _rcpt(self, token: str) -> str:
        if not self.sender:
            return self._reply('503')
        self.recipients.append(token)
        return self._reply('250', token)

    def _rset(self, token: str) -> str:
        self._reset()
        return self._reply('250')

    def _quit(self, token: str) -> str:
        self._reply('221')
        self.outcome.finish(CLOSE)
        return '221'

    _VERBS: ClassVar[dict[str, Callable[..., str]]] = {
        'MAIL': _mail, 'RCPT': _rcpt, 'RSET': _rset, 'QUIT': _quit,
        'NOOP': lambda self, token: self._reply('250', token), 'VRFY': lambda self, token: self._reply('252', token),
        'HELP': lambda self, token: self._reply('250'), 'EXPN': lambda self, token: self._reply('502'),
        'STARTTLS': lambda self, token: self._reply('454')}

    def _credentials(self, given: Sequence[str], step: int, login: bool = False) -> str:
        if not step and (self.hello == 'HELO' or not self.hello or self.authenticated):
            return self._reply('500' if self.hello == 'HELO' else '503')
        if given == ['*']:
            return self._reply('501')
        if not given or login and step == 1:
            return self._reply('334')
        self.authenticated = given[0] in self.secrets
        return self._reply('235' if self.authenticated else '535')

    def _go_ahead(self) -> str:
        ahead = self.faults.get(len(self.outcome.names) + 1)
        refused = ahead is not None and ahead.request[:1] == '.' and ahead.kind in CODES and ahead.kind not in CLOSING
        refused = refused or list(self.heard[len(self.outcome.answers):]) == [('354', '')]
        return self._reply('354' if refused or self.hello and self.recipients else '503')     # vaurien reads what it refuses

    def _end(self, content: bytes) -> str:
        for token in self.recipients if self.lmtp else [self.sender]:
            self._reply('250', token)
        self._deliver(content)
        return '250'

    def _chunk(self, data: bytes, last: bool) -> str:
        if not self.recipients:
            return self._reply('503')
        self.chunks += data
        if not last:
            return self._reply('250')
        self._reply('250', self.sender)
        self._deliver(self.chunks)
        return '250'

    def _deliver(self, content: bytes) -> None:
        self.messages = (*self.messages, (self.sender, tuple(self.recipients), len(content), crc32(content)))
        self._reset()

    def _reset(self) -> None:
        self.sender, self.recipients, self.chunks = '', [], b''
