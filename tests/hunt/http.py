"""http: pipelines, uploads, chunks both ways, HEAD, 100-continue, an ignored upgrade, bodies that end with the connection.

A request is a dictionary: ``method``, ``target``, and what else it has of ``host`` (what ``/host`` answers), ``body`` (``times``
times), ``chunked`` (how many bytes a chunk has), ``expect`` (100-continue), ``old`` (HTTP/1.0), ``close``, ``upgrade``.
"""
import http.client
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, NamedTuple

from tests.support.servers import nginx_server
from vaurien.protocols.http.failures import ERRORS

from .clients import PATIENCE, STALL, Raw, Tapped, tap
from .oracle import MORE, OTHER, Answer, Looks, Seen, Verdict, hold
from .subject import Client

Ask = dict[str, Any]
#: kinds that are a complete response, and their status
STATUSES = {**{status: int(status) for status in ('500', '501', '502', '503', '504', '429')}, 'slow-headers': 503}

class Page(NamedTuple):
    """A response.

    Args:
        status: Its status.
        body: All of its body; None: whatever it is.
        bodiless: There is none, whatever the headers say: the request was a HEAD.
        half: The connection ends in the middle of it.
    """

    status: int
    body: bytes | None
    bodiless: bool = False
    half: bool = False

    def at(self, got: bytes, start: int) -> int:
        return self._at(bytes(got), start)

    def _at(self, got: bytes, start: int) -> int:
        while got.startswith(b'HTTP/1.1 100', start):
            end = got.find(b'\r\n\r\n', start) + 4
            if end < 4:
                return MORE
            start = end
        begin = got.find(b'\r\n\r\n', start) + 4
        line = b'HTTP/1.1 %d ' % self.status
        if not got.startswith(line, start):
            return MORE if line.startswith(got[start:start + len(line)]) else OTHER
        if begin < 4:
            return MORE
        if self.half:
            return len(got)
        headers = got[start:begin].lower()
        end, body = body_of(got, begin, headers, self.bodiless, self.status)
        if self.body is None or self.bodiless or end == OTHER:
            return end
        if not self.body.startswith(body):
            return OTHER
        open_ = end == MORE or b'content-length' not in headers and b'chunked' not in headers
        return end if body == self.body else MORE if open_ else OTHER

    def find(self, got: bytes, start: int) -> int:
        return OTHER


def body_of(got: bytes, begin: int, headers: bytes, bodiless: bool, status: int) -> tuple[int, bytes]:
    """Return where a body ends, ``MORE`` or ``OTHER``, and what of it has come."""
    if bodiless or status in (204, 304):
        return begin, b''
    if b'\r\ntransfer-encoding: chunked\r\n' in headers:
        return chunks(got, begin)
    _, there, length = headers.partition(b'\r\ncontent-length: ')
    if not there:
        return len(got), got[begin:]
    size = int(length.split(b'\r\n')[0])
    body = got[begin:begin + size]
    return (begin + size if len(body) == size else MORE), body


def chunks(got: bytes, at: int) -> tuple[int, bytes]:
    """Return where a chunked body ends, and what of it has come."""
    body = b''
    while (end := got.find(b'\r\n', at) + 2) >= 2:
        try:
            size = int(got[at:end], 16)
        except ValueError:
            return OTHER, body
        body += got[end:end + size]
        at = end + size + 2
        if at > len(got):
            return MORE, body
        if not size:
            return at, body
    return MORE, body


class Http:
    """The subject; see ``subject.Subject``."""

    name = 'http'
    kinds = tuple(sorted(name for name, kind in ERRORS.items() if not kind.only_named))
    lossy = False
    patient = True

    def server(self) -> AbstractContextManager[Any]:
        return nginx_server()

    def plan(self, random: Random, word: str) -> tuple[dict[str, Any], list[list[Any]]]:
        real = random.random() < 0.25
        asks = [ask for number in range(random.randint(1, 6)) for ask in random.choice(BITS)(random, f'{word}-{number}')]
        if random.random() < 0.3:
            asks.append(random.choice(LAST)(random, word))
        says = list[list[Any]]()
        while asks:
            count = random.choice((1, 1, 2, 5))
            says.append(asks[:count])
            asks = asks[count:]
        return {'as': 'http.client' if real else 'raw'}, says

    def connect(self, plan: dict[str, Any], port: int) -> Client:
        return RealClient(port) if plan['as'] == 'http.client' else Raw(port, encode, extent)

    def judge(self, seen: Seen) -> list[str]:
        raised = [] if seen.faults or seen.excused else seen.raised
        return [*raised, *verdict(seen).wrong]

    def inspect(self, address: str, seen: Sequence[Seen]) -> list[str]:
        wrong = []
        for session in seen:
            names = sorted({ask['target'] for ask in session.asked if ask['method'] in ('PUT', 'DELETE')})
            if names:
                wrong += differences(address, session, names)
        return wrong


def verdict(seen: Seen) -> Verdict:
    """Hold what a session got against what it had to get."""
    return hold(seen, answers(seen, seen.asked, {}))


def answers(seen: Seen, asked: Sequence[Ask], files: dict[str, bytes]) -> list[Answer]:
    """Return what has to come for requests, given what the journal says of them, and carry them out on the files."""
    found = list[Answer]()
    for number, ask in enumerate(asked, 1):
        fault = seen.faults.get(number)
        behavior, kind = (fault.behavior, fault.kind) if fault is not None else ('', '')
        if behavior in ('hang', 'blackout'):
            found.append(Answer(ask, None, 'silence' if behavior == 'hang' else 'gone'))
        elif kind:
            found.append(refused(ask, kind))
        else:
            looks = carried_out(ask, files)
            found.append(Answer(ask, looks, 'gone' if behavior == 'abort' else 'close' if closes(ask) else ''))
        if found[-1].then:
            break
    return found


def closes(ask: Ask) -> bool:
    """Return whether the connection ends with the response of the server itself."""
    return bool(ask.get('close') or ask.get('old') or ask['target'].startswith('/last/'))


def refused(ask: Ask, kind: str) -> Answer:
    """Return what has to come for a request that an error was drawn for."""
    head = ask['method'] == 'HEAD'
    if kind in STATUSES:
        waits = bool(ask.get('expect') and ask.get('body'))
        ends = ask.get('close') or ask.get('old') or waits
        return Answer(ask, Page(STATUSES[kind], None, head), 'close' if ends else '', own=True)
    if kind == 'empty-response':
        return Answer(ask, None, 'close')
    return Answer(ask, Page(200, None, head, half=True), 'reset' if kind == 'reset' else 'close', own=True)


def carried_out(ask: Ask, files: dict[str, bytes]) -> Looks:
    """Carry a request out, and return how its response looks."""
    method, target = ask['method'], ask['target']
    head, body = method == 'HEAD', ask.get('body', '').encode()
    name = target.removeprefix('/chunked').removeprefix('/last')
    if target == '/host':
        return Page(200, ask['host'].encode(), head)
    if target == '/empty':
        return Page(204, b'')
    if target == '/accept':
        return Page(200, b'accepted\n', head)
    if method == 'PUT':
        status = 204 if name in files else 201
        files[name] = expand(ask)
        return Page(status, None)
    if method == 'DELETE':
        return Page(204 if files.pop(name, None) is not None else 404, None)
    assert not body
    return Page(200, files[name], head) if name in files else Page(404, None, head)


def differences(address: str, seen: Seen, names: Sequence[str]) -> list[str]:
    """Return in what the server's files are not what they must be after some beginning of what was asked; remove them."""
    first = len(seen.asked) if seen.settled else verdict(seen).answered
    wanted = list[dict[str, bytes]]()
    for count in range(len(seen.asked), first - 1, -1):
        files: dict[str, bytes] = {}
        answers(seen, seen.asked[:count], files)
        wanted.append(files)
    for _ in range(3):      # the server may still be about to end what a session that was cut has begun
        have = {name: body for name in names if (body := direct(address, 'GET', name)) is not None}
        if have in wanted:
            break
        time.sleep(STALL)
    for name in have:
        direct(address, 'DELETE', name)
    return [] if have in wanted else [f'session {seen.number}: the server has {have}, and not {wanted[0]}']


def direct(address: str, method: str, name: str) -> bytes | None:
    """Ask the server itself; None: it has no such file."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request(method, name)
        response = connection.getresponse()
        body = response.read()
        return body if response.status < 300 else None
    finally:
        connection.close()


def expand(ask: Ask) -> bytes:
    """Return the body of a request: its text as often as it says."""
    return str(ask.get('body', '')).encode() * int(ask.get('times', 1))


def encode(asks: Sequence[Ask]) -> tuple[bytes, int]:
    """Make bytes of requests; each has one response."""
    return b''.join(map(written, asks)), len(asks)


def written(ask: Ask) -> bytes:
    """Return the bytes of a request."""
    body, chunk = expand(ask), ask.get('chunked', 0)
    lines = [f'{ask["method"]} {ask["target"]} HTTP/1.{0 if ask.get("old") else 1}', f'Host: {ask.get("host", "hunt")}']
    lines += ['Expect: 100-continue'] * bool(ask.get('expect')) + ['Connection: close'] * bool(ask.get('close'))
    lines += ['Connection: upgrade', 'Upgrade: hunt'] * bool(ask.get('upgrade'))
    if chunk:
        lines.append('Transfer-Encoding: chunked')
        pieces = [body[at:at + chunk] for at in range(0, len(body), chunk)]
        body = b''.join(b'%x\r\n%b\r\n' % (len(piece), piece) for piece in pieces) + b'0\r\n\r\n'
    elif 'body' in ask:
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + body


def extent(got: bytes, start: int) -> int:
    """Return where a response ends; 0: it has not, or it ends with the connection."""
    begin = got.find(b'\r\n\r\n', start) + 4
    if begin < 4:
        return 0
    headers = bytes(got[start:begin]).lower()
    if headers.startswith(b'http/1.1 100'):
        return extent(got, begin)
    end, _ = body_of(bytes(got), begin, headers, False, int(headers[9:12]) if headers[9:12].isdigit() else 0)
    counted = b'\r\ncontent-length: ' in headers or b'\r\ntransfer-encoding: ' in headers or headers[9:12] == b'204'
    return end if end > 0 and counted else 0


class RealClient(Tapped):
    """http.client; it hears each response before it asks again."""

    def __init__(self, port: int) -> None:
        super().__init__(tap(port))
        self._connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
        self._connection.auto_open = 0
        self._connection.sock = self.sock

    def say(self, asks: Sequence[Ask]) -> int:
        for number, ask in enumerate(asks):
            if self.end or self.raised or self._connection.sock is None:
                return number
            try:
                self._ask(ask)
            except TimeoutError:
                self.silent = True
            except ConnectionError:
                pass    # ``sock`` knows
            except http.client.HTTPException as error:
                self.raised.append(repr(error))
        return len(asks)

    def _ask(self, ask: Ask) -> None:
        headers = {'Host': ask.get('host', 'hunt')}
        headers |= {'Connection': 'close'} if ask.get('close') else {}
        headers |= {'Expect': '100-continue'} if ask.get('expect') else {}
        headers |= {'Connection': 'upgrade', 'Upgrade': 'hunt'} if ask.get('upgrade') else {}
        body, chunk = expand(ask), ask.get('chunked', 0)
        pieces = iter([body[at:at + chunk] for at in range(0, len(body), chunk)]) if chunk else body if 'body' in ask else None
        self._connection.request(ask['method'], ask['target'], pieces, headers, encode_chunked=bool(chunk))
        self._connection.getresponse().read()


# -- what is asked: each makes some requests that belong together

def hosts(random: Random, word: str) -> list[Ask]:
    return [{'method': random.choice(('GET', 'GET', 'HEAD')), 'target': '/host', 'host': f'{word}-{number}'}
            for number in range(random.randint(1, 4))]


def body(random: Random, word: str) -> Ask:
    chunked = {'chunked': random.choice((1, 7, 1_000))} if random.random() < 0.4 else {}
    return {'body': f'{word};', 'times': random.choice((1, 1, 20, 2_000) if not chunked else (1, 20)), **chunked}


def uploads(random: Random, word: str) -> list[Ask]:
    target = f'/upload/{word}'
    put = {'method': 'PUT', 'target': target, **body(random, word), **({'expect': True} if random.random() < 0.2 else {})}
    chunked = '/chunked' if random.random() < 0.5 else ''
    return [put, {'method': random.choice(('GET', 'GET', 'HEAD')), 'target': chunked + target},
            *([{'method': 'DELETE', 'target': target}] if random.random() < 0.5 else [])]


def posts(random: Random, word: str) -> list[Ask]:
    return [{'method': 'POST', 'target': '/accept', **body(random, word)}]


def odd(random: Random, word: str) -> list[Ask]:
    return [random.choice(({'method': 'GET', 'target': '/empty'}, {'method': 'GET', 'target': f'/upload/{word}-none'},
                           {'method': 'DELETE', 'target': f'/upload/{word}-none'}))]


def upgrade(random: Random, word: str) -> Ask:
    return {'method': 'GET', 'target': '/host', 'host': f'{word}-up', 'upgrade': True}


def last(random: Random, word: str) -> Ask:
    return random.choice(({'method': 'GET', 'target': '/host', 'host': f'{word}-last', 'close': True},
                          {'method': 'GET', 'target': '/host', 'host': f'{word}-old', 'old': True},
                          {'method': 'POST', 'target': '/accept', 'close': True, 'body': word}))


Bit = Callable[[Random, str], list[Ask]]
BITS: tuple[Bit, ...] = (hosts, hosts, uploads, uploads, posts, odd)
#: after which nothing else is asked
LAST: tuple[Callable[[Random, str], Ask], ...] = (upgrade, last, last)
SUBJECT = Http()
