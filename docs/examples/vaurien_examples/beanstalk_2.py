"""Step 2: requests have names, and answers belong to them. What has a body is not followed yet."""
from vaurien.errors import ProtocolError
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Framer, MessageProtocol

LINE = 224  #: [bytes] of a line with its end (beanstalkd, doc/protocol.txt)


def line_end(data, start):
    """Return where the line at ``start`` ends; 0: it has not arrived yet."""
    end = data.find(b'\r\n', start, start + LINE) + 2
    if end == 1 and len(data) - start >= LINE:
        raise ProtocolError(f'a line longer than {LINE} bytes')
    return end if end > 1 else 0


class Requests(Framer):
    def scan(self, data, start):
        while end := line_end(data, start):
            line = data[start:end - 2]
            if line.startswith(b'put '):
                raise ProtocolError('a job')
            yield end, Exchange(line, expects=line != b'quit'), True
            start = end


class Answers(Framer):
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
    framers = (Requests, Answers)
