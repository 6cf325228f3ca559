"""Step 5: plain messages in one go. Nothing changes but what they cost."""
from itertools import islice

from vaurien.errors import ProtocolError
from vaurien.protocols.base import SharedExchange, UnansweredExchange
from vaurien.protocols.message import MessageProtocol

from .beanstalk_2 import line_end
from .beanstalk_3 import Responses as Replies
from .beanstalk_3 import size_of
from .beanstalk_4 import KINDS, STAGES
from .beanstalk_4 import Requests as Commands

#: one exchange for all commands of a stage that nothing happens to
PLAIN = {stage: SharedExchange(stage) for stage in (*STAGES.values(), 'other')}
QUIT = UnansweredExchange('other')


def whole_at(data, start, starts):
    """Return the line that begins here and where its message ends; 0: that is for ``scan`` to say."""
    try:
        end = line_end(data, start)
        line = data[start:end - 2]
        end += size_of(line, *starts) if end else 0
    except ProtocolError:
        return b'', 0
    return line, end if end <= len(data) else 0


class Requests(Commands):
    mixed = True    # ``quit`` is not answered

    def run(self, data, most):
        end, found = 0, []
        while len(found) < most:
            line, after = whole_at(data, end, self.starts)
            if not after:
                break
            verb = line.partition(b' ')[0]
            found.append(QUIT if verb == b'quit' else PLAIN[STAGES.get(verb, 'other')])
            end = after
        return end, found


class Responses(Replies):
    def run(self, data, most):
        end, found = 0, []
        for exchange in islice(self.protocol.queue, most):
            _, after = whole_at(data, end, self.starts)
            if not after:
                break
            found.append(exchange)
            end = after
        return end, found


class Beanstalk(MessageProtocol):
    """The work queue beanstalkd."""

    name = 'beanstalk-5'
    framers = (Requests, Responses)
    errors = KINDS
