"""memcached's text protocol and its meta commands. Finds requests and responses.

Bytes and exchanges; knows no failure and no binary protocol. An exchange's ``note`` is its ``Response``, as ``verbs`` has it.
Commands that may or may not have a response (``q``) stay in the queue until one to a later command shows which have none.
"""
from collections.abc import Callable, Generator, Iterator
from itertools import islice, takewhile
from typing import Final

from ...errors import ProtocolError
from ..base import Exchange, SharedExchange, UnansweredExchange
from ..message import MAX_NAME_BYTES, MAX_PASSED_BYTES, Framer, MessageProtocol, Part, Run
from .plain import CRLF, GETS, ends_at, plain_response, sets, whole_values
from .verbs import (
    ANY_LINE,
    BLOCKS,
    DUMP,
    LISTS,
    LOG,
    MAX_KEY_BYTES,
    NUMBER,
    OTHER,
    VALUE,
    VERBS,
    Response,
    Verb,
    data_length,
    error_stages,
    is_error,
    is_length,
    meta_length,
)

CR: Final = CRLF[0]
#: [requests] without a response so far that may still have one; each costs memory, and clients end a batch long before
MAX_QUIET_REQUESTS: Final = 10_000
#: [lines] that are looked at as a run at most; a batch of some hundred requests
MAX_RUN_LINES: Final = 4096
#: the exchanges of those requests that have one response each, by their first word
PLAIN: Final = {word: SharedExchange(verb.stage, verb.response) for word, verb in VERBS.items()
                if verb.shape in ('list', 'data', 'key', 'meta', 'meta data')}
GET: Final = PLAIN[b'get']
SET: Final = PLAIN[b'set']
#: the same of those that are told to have none, and with how many words, at least and at most, they are
SILENT: Final = {word: (UnansweredExchange(verb.stage, verb.response), *verb.noreply) for word, verb in VERBS.items()
                 if verb.shape in ('data', 'key') and verb.noreply is not None}
#: words with which a request may have none, or is none of these
NOREPLY: Final = b'noreply'
FORBIDDEN: Final = frozenset((b'', b'q', NOREPLY))


class TextRequests(Framer[MessageProtocol]):
    """Finds commands: a line each, some with a data block after it."""

    mixed = True

    def __init__(self, protocol: MessageProtocol) -> None:
        super().__init__(protocol)
        self.in_line = False    #: the line of the request under way is not over

    def run(self, data: bytes, most: int) -> Run:
        if GETS.fullmatch(data) and (count := data.count(b'\r')) <= most:
            return len(data), [GET] * count
        if data.startswith(b'set ') and sets().fullmatch(data) and (count := data.count(b'\r') // 2) <= most:
            return len(data), [SET] * count
        lines = data.split(CRLF, MAX_RUN_LINES)
        last, at = len(lines) - 1, 0    # the last one has no end
        found: list[Exchange] = []
        while at < last and len(found) < most:
            words = lines[at].split(b' ')
            exchange = PLAIN.get(words[0])
            if words[-1] == NOREPLY and (silent := SILENT.get(words[0])) and silent[1] <= len(words) <= silent[2]:
                exchange = silent[0]
                words.pop()
            if exchange is None or not FORBIDDEN.isdisjoint(words) or b'\n' in lines[at]:
                break
            after = at + 1
            if exchange.stage == 'store':
                try:
                    length = (meta_length if words[0] == b'ms' else data_length)(words)
                except ProtocolError:
                    break
                if after >= last or len(lines[after]) + 2 != length:
                    break
                after += 1
            found.append(exchange)
            at = after
        return ends_at(lines, at, len(data)), found

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        size, find = len(data), data.find
        if self.open:
            end = find(b'\n', start) + 1 if self.in_line else start
            if self.in_line and not end:
                if start < size:
                    yield size, self.owner, False
                return
            start = end
            yield start, self.owner, True
        while start < size:
            end = find(b'\n', start)
            if end < 0:
                part = self._long(data, start)
                if part is not None:
                    yield part
                return
            stop = end - 1 if data[end - 1] == CR and end > start else end
            exchange, body = self.read(data[start:stop])
            start = end + 1 + body
            if start > size:
                self.in_line, self.rest = False, start - size
                yield size, exchange, False
                return
            yield start, exchange, True

    def _long(self, data: bytes, start: int) -> Part | None:
        """Report a list of keys that is longer than any name, before its line is complete; None: it is not such a list."""
        if len(data) - start < MAX_NAME_BYTES + len(CRLF) or not data.startswith(LISTS, start):
            return None
        verb = VERBS[data[start:data.find(b' ', start)]]
        self.in_line = True
        return len(data), Exchange(data[start:start + MAX_NAME_BYTES], verb.stage, True, verb.response), False

    def read(self, line: bytes) -> tuple[Exchange, int]:
        """Read the line of a request; return its exchange, and the length of the data that follow [bytes].

        Raises:
            ProtocolError: The server may read what follows as data, or as the next request.
        """
        words = line.split(b' ')
        if b'' in words:
            words = [word for word in words if word]
        verb = VERBS.get(words[0], OTHER) if words else OTHER
        stage, response, shape, noreply, _ = verb
        silent = noreply is not None and words[-1] == b'noreply' and noreply[0] <= len(words) <= noreply[1]
        if shape == 'list':
            return Exchange(line[:MAX_NAME_BYTES], stage, True, response), 0
        if shape == 'data':
            length = data_length(words[:-1] if silent else words)
            return Exchange(words[0] + b' ' + words[1], stage, not silent, response), length
        if shape == 'line':
            return Exchange(line[:MAX_NAME_BYTES], stage, not silent and stage != 'quit', self._line(words, verb, silent)), 0
        length = meta_length(words) if shape == 'meta data' else 0
        name = b' '.join(words[:2])[:MAX_NAME_BYTES]
        return Exchange(name, stage, not silent, response if shape == 'key' else self._meta(words, verb)), length

    @staticmethod
    def _line(words: list[bytes], verb: Verb, silent: bool) -> Response:
        """Return how the response looks to a command that is a line with words of its own."""
        if verb.stage == 'crawl' and words[1:2] in ([b'metadump'], [b'mgdump']):
            return DUMP
        if words[-1:] == [b'noreply'] and not silent and verb.stage in ('slabs', 'other'):
            raise ProtocolError(f'{words[0][:20]!r} may or may not have a response')
        return verb.response

    def _meta(self, words: list[bytes], verb: Verb) -> Response:
        """Return how the response to a meta command looks. A malformed one gets an error, even if it asks for quiet."""
        flags = words[3 if verb.shape == 'meta data' else 2:]
        if b'q' not in flags:
            return verb.response
        letters = {flag[:1] for flag in flags}
        if len(letters) < len(flags) or len(words[1]) > MAX_KEY_BYTES:
            return verb.response
        if len(self.protocol.queue) >= MAX_QUIET_REQUESTS:
            raise ProtocolError(f'more than {MAX_QUIET_REQUESTS} requests wait for a response')
        marks = [flag for flag in flags if flag[:1] == b'O']
        if b'k' in letters and b'b' not in letters:
            marks.append(b'k' + words[1])
        return Response(verb.told, quiet=True, marks=frozenset(marks), loose=b'b' in letters)


class TextResponses(Framer[MessageProtocol]):
    """Finds responses, and which request each belongs to."""

    def __init__(self, protocol: MessageProtocol) -> None:
        super().__init__(protocol)
        self.last = False   #: the data block under way is the last part of its response
        self.wrong = ''     #: what is wrong with what follows
        #: while the oldest request is quiet, what ``_closer`` has found, and the newest request that it has looked at
        self.ahead: tuple[Exchange | None, Exchange] | None = None

    def run(self, data: bytes, most: int) -> Run:
        queue = self.protocol.queue
        if queue and self.ahead is None and queue[0].note.before is VALUE and not queue[0].note.quiet:
            count = whole_values(data, min(most, len(queue)))
            if count == 1 or count and queue.alike():
                return len(data), [queue[0]] * count
        lines, at = data.split(CRLF, MAX_RUN_LINES), 0
        found: list[Exchange] = []
        if self.ahead is None:
            for exchange in islice(queue, most):
                after = plain_response(lines, at, exchange.note)
                if not after:
                    break
                found.append(exchange)
                at = after
        return ends_at(lines, at, len(data)), found

    def scan(self, data: bytes, start: int) -> Iterator[Part]:
        queue, size, find = self.protocol.queue, len(data), data.find
        if self.last:
            self.last = False
            yield start, self.owner, True
        while start < size:
            end, owner = find(b'\n', start), self.owner
            if not queue and owner is None and self.protocol.request_cutter.opaque_because:
                raise ProtocolError(self.protocol.request_cutter.opaque_because)
            if end < 0:
                return
            if owner is None:
                line = data[start:end].rstrip(CRLF)
                last, before, quiet, _, _ = queue[0].note if queue else ANY_LINE
                if not quiet:
                    self.ahead = None
                if line in last and not quiet:
                    start, owner = end + 1, queue[0]
                    yield start, owner, True
                    if owner.note is LOG:
                        raise ProtocolError('the connection becomes a log')
                    continue
                owner = queue[0] if before is VALUE and line[:6] == b'VALUE ' else (yield from self._pair(start, line))
            begun, (end, done) = start, self._extent(owner, data, start)
            if end > start:
                start = min(end, size)
                self.rest, self.last = end - start, done and end > size
                yield start, owner, done and not self.last
            if self.wrong:
                raise ProtocolError(self.wrong)
            if self.open and (start == begun or self.rest):
                return

    def _pair(self, start: int, line: bytes) -> Generator[Part, None, Exchange | None]:
        """Report the requests that have no response, and return the exchange whose response begins with this line."""
        queue = self.protocol.queue
        if queue and queue[0].note.quiet:
            silent = self._silent(line)
            while queue and queue[0].note.quiet and silent(queue[0]):
                yield start, queue[0], True
        if queue and not queue[0].note.quiet:
            self.ahead = None
        return self._owner(line)

    def _silent(self, line: bytes) -> Callable[[Exchange], bool]:
        """Return what tells of quiet requests whether they have no response, as this line of another one's shows.

        The line is read once, however many of them there are.
        """
        word, *words = line.split(b' ')
        if not is_error(word):
            tokens = {other for other in words if other[:1] == b'O'}
            marks = {True: tokens, False: tokens.union(other for other in words if other[:1] == b'k')}      # by ``loose``
            return lambda exchange: word not in exchange.note.last or exchange.note.marks != marks[exchange.note.loose]
        stages = error_stages(line)
        if stages:
            return lambda exchange: exchange.stage not in stages
        closer = self._closer()
        fails = closer is not None and closer.stage != 'noop'
        return lambda exchange: fails

    def _closer(self) -> Exchange | None:
        """Return the first request after quiet ones that the backend gets and that is not quiet; None: there is none so far.

        Each request is looked at once while those before it have their responses, however many of these are errors.
        """
        queue = self.protocol.queue
        closer, looked_at = self.ahead or (None, None)
        if looked_at is None:
            closer = next(filter(is_loud, queue), None)
        elif closer is None:
            for other in takewhile(lambda other: other is not looked_at, reversed(queue)):
                closer = other if is_loud(other) else closer
        self.ahead = closer, queue[-1]
        return closer

    def _owner(self, line: bytes) -> Exchange | None:
        """Return the exchange whose response begins with this line; None: an error that came late, or unasked.

        Raises:
            ProtocolError: It does not belong to the request whose turn it is.
        """
        queue, word = self.protocol.queue, line.split(b' ', 1)[0]
        if is_error(word):
            stages = error_stages(line)
            return queue[0] if queue and (not stages or queue[0].stage in stages) else None
        if not queue:
            raise ProtocolError('a response to no request')
        response = queue[0].note
        word = NUMBER if word.isdigit() else word
        if response.last and word not in response.last and response.before is not None and word not in response.before:
            raise ProtocolError('a response to another request')
        return queue[0]

    def _extent(self, owner: Exchange | None, data: bytes, start: int) -> tuple[int, bool]:
        """Return how far a response reaches, or is followed in one call, and whether it ends there; it reaches beyond the data
        if a data block was cut."""
        response = ANY_LINE if owner is None else owner.note
        stop, pos = min(len(data), start + MAX_PASSED_BYTES), start
        while pos < stop:
            if response.before is VALUE and data.startswith(b'END\r\n', pos):
                return pos + 5, True
            end = data.find(b'\n', pos) + 1
            if not end:
                break
            words = data[pos:end].rstrip(CRLF).split(b' ')
            word = words[0]
            if word in BLOCKS and (word in response.last or response.before is VALUE):
                length = words[BLOCKS[word]] if len(words) > BLOCKS[word] else b''
                if not is_length(length):
                    self.wrong = 'a value without a length'
                    break
                pos = end + int(length) + 2
                if word in response.last:
                    return pos, True
            elif not response.last or word in response.last or is_error(word) or NUMBER in response.last and word.isdigit():
                return end, True
            elif response.before is None:
                pos = end
            else:
                self.wrong = 'a line that belongs to no response'
                break
        return pos, False


def is_loud(exchange: Exchange) -> bool:
    """Return whether the backend certainly answers a request: it gets the request, or a stand-in, and that is not quiet."""
    return not exchange.note.quiet and (exchange.failure is None or exchange.failure.request != b'')
