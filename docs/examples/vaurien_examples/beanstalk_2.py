"""Step 2: requests have names, and responses belong to them. Messages with a body are not followed yet."""
from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Framer, MessageProtocol

MAX_LINE_BYTES = 224  #: of a line with its end (beanstalkd, doc/protocol.txt)


def line_end(data, start):
    """Return where the line at ``start`` ends; 0: its end has not come yet."""
    end = data.find(b'\r\n', start, start + MAX_LINE_BYTES) + 2
    if end == 1 and len(data) - start >= MAX_LINE_BYTES:
        raise ProtocolError(f'a line longer than {MAX_LINE_BYTES} bytes')
    return end if end > 1 else 0


class Requests(Framer):
    def scan(self, data, start):
        while end := line_end(data, start):
            line = data[start:end - 2]
            if line.startswith(b'put '):
                raise ProtocolError('a job')
            yield end, Exchange(line, expects=line != b'quit'), True
            start = end


class Responses(Framer):
    def scan(self, data, start):
        queue = self.protocol.queue
        while end := line_end(data, start):
            if data.startswith((b'RESERVED ', b'FOUND ', b'OK '), start):
                raise ProtocolError('a job')
            yield end, queue[0] if queue else None, True
            start = end


class Beanstalk(MessageProtocol):
    """The work queue beanstalkd, without jobs."""

    name = 'beanstalk-2'
    framers = (Requests, Responses)
