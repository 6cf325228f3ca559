"""Step 1: a protocol that follows nothing yet. Every session is relayed as it comes."""
from vaurien.errors import ProtocolError
from vaurien.protocols.message import Framer, MessageProtocol


class Unwritten(Framer):
    def scan(self, data, start):
        raise ProtocolError('nothing is followed yet')
        yield   # makes it a generator


class Beanstalk(MessageProtocol):
    """The work queue beanstalkd."""

    name = 'beanstalk-1'
    framers = (Unwritten, Unwritten)
