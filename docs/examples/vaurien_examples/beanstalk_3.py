"""Step 3: jobs are followed too. No byte of a body is looked at or held."""
from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Framer, MessageProtocol

from .beanstalk_2 import line_end


def size_of(line, *heads):
    """Return how many bytes follow a line: its last word says it, if the line begins with one of ``heads``."""
    if not line.startswith(heads):
        return 0
    digits = line.rpartition(b' ')[2]
    if not digits.isdigit() or len(digits) > 9:
        raise ProtocolError('a body without a size')
    return int(digits) + len(b'\r\n')


class Bodies(Framer):
    """Finds lines, some of which have a body behind them.

    Attributes:
        exchange: What the body under way belongs to.
        open: A body is under way.
    """

    heads = ()

    def __init__(self, protocol):
        super().__init__(protocol)
        self.exchange, self.open = None, False

    def scan(self, data, start):
        if self.open:       # all of ``rest`` has passed
            self.open = False
            yield start, self.exchange, True
        while end := line_end(data, start):
            line = data[start:end - 2]
            end += size_of(line, *self.heads)
            exchange = self.exchange_of(line)
            if end > len(data):
                self.exchange, self.open, self.rest = exchange, True, end - len(data)
                yield len(data), exchange, False
                return
            yield end, exchange, True
            start = end

    def exchange_of(self, line):
        raise NotImplementedError


class Requests(Bodies):
    heads = (b'put ',)

    def exchange_of(self, line):
        return Exchange(line, expects=line != b'quit')


class Answers(Bodies):
    heads = (b'RESERVED ', b'FOUND ', b'OK ')

    def exchange_of(self, line):
        queue = self.protocol.queue
        return queue[0] if queue else None


class Beanstalk(MessageProtocol):
    """The work queue beanstalkd."""

    name = 'beanstalk-3'
    framers = (Requests, Answers)
