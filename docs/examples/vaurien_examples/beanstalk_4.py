"""Step 4: the failures of the server, in its own words, each where it has it (beanstalkd, doc/protocol.txt)."""
from vaurien.protocols import Protocol
from vaurien.protocols.base import Exchange
from vaurien.protocols.message import Failure, FailureKind, MessageProtocol

from .beanstalk_3 import Requests as Lines
from .beanstalk_3 import Responses

#: where in the conversation a command stands; all others are ``other``
STAGES = {
    b'put': 'put', b'reserve': 'reserve', b'reserve-with-timeout': 'reserve',
    b'delete': 'job', b'release': 'job', b'bury': 'job', b'touch': 'job',
}


def response(line):
    """Make the builder of a response of one line."""
    def build(protocol, exchange):
        return Failure(line + b'\r\n')
    return build


KINDS = {
    'out-of-memory': FailureKind(
        'The server has no memory left for the job.', ('put',), response(b'OUT_OF_MEMORY')),
    'draining': FailureKind(
        'The server is about to be stopped and takes no new jobs.', ('put',), response(b'DRAINING')),
    'job-too-big': FailureKind(
        'The job is larger than the server takes.', ('put',), response(b'JOB_TOO_BIG')),
    'timed-out': FailureKind(
        'No job was ready in time.', ('reserve',), response(b'TIMED_OUT')),
    'deadline-soon': FailureKind(
        'A job that was reserved earlier is about to be given to another worker.', ('reserve',), response(b'DEADLINE_SOON')),
    'not-found': FailureKind(
        'The job took too long, and the server has given it to another worker.', ('job',), response(b'NOT_FOUND')),
    'internal-error': FailureKind(
        'The server has met a bug of its own.', ('put', 'reserve', 'job', 'other'), response(b'INTERNAL_ERROR')),
}


class Requests(Lines):
    def exchange_of(self, line):
        verb = line.partition(b' ')[0]
        return Exchange(line, STAGES.get(verb, 'other'), expects=verb != b'quit')


@Protocol.register
class Beanstalk(MessageProtocol):
    """The work queue beanstalkd; each command is an exchange, named by its line."""

    name = 'beanstalk'
    framers = (Requests, Responses)
    errors = KINDS
