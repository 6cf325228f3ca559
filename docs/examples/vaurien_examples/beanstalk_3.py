"""Step 3: jobs are followed too. No byte of a body is read or held."""
from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Framer, MessageProtocol

from .beanstalk_2 import line_end


def size_of(line, *starts):
    """Return how many bytes follow a line: its last word says it, if the line begins with one of ``starts``."""
    if not line.startswith(starts):
        return 0
    digits = line.rpartition(b' ')[2]
    if not digits.isdigit() or len(digits) > 9:
        raise ProtocolError('a body without a size')
    return int(digits) + len(b'\r\n')


class Bodies(Framer):
    """Finds lines, some of which have a body after them."""

    starts = ()     #: the lines with a body

    def scan(self, data, start):
        if self.open:       # all of ``rest`` has passed
            yield start, self.exchange, True
        while end := line_end(data, start):
            line = data[start:end - 2]
            end += size_of(line, *self.starts)
            exchange = self.exchange_of(line)
            if end > len(data):
                self.rest = end - len(data)
                yield len(data), exchange, False
                return
            yield end, exchange, True
            start = end

    def exchange_of(self, line):
        raise NotImplementedError


class Requests(Bodies):
    starts = (b'put ',)

    def exchange_of(self, line):
        return Exchange(line, expects=line != b'quit')


class Responses(Bodies):
    starts = (b'RESERVED ', b'FOUND ', b'OK ')

    def exchange_of(self, line):
        queue = self.protocol.queue
        return queue[0] if queue else None


class Beanstalk(MessageProtocol):
    """The work queue beanstalkd."""

    name = 'beanstalk-3'
    framers = (Requests, Responses)
