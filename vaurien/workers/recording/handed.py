"""What a worker records of its sessions, handed to the process that writes the journal. Knows no file."""
import logging

from ...outputs.journal.batches import Batches
from ...outputs.journal.lines import Lost
from ...proxies.exchanges import Exchanges
from ..channel import Channel
from ..frames import Frame

MAX_PENDING_BYTES = 16 * 2**20  #: [bytes] that the other process has not taken yet; more is lost
KIND = 'lines'      #: of the frames; their id is the version of what the worker is that has made the lines

logger = logging.getLogger(__name__)


class HandedJournal:
    """What a worker records of its sessions, in batches.

    Args:
        exchanges: What happens in the worker.
        channel: Takes the lines to the process that has the file.
    """

    def __init__(self, exchanges: Exchanges, channel: Channel) -> None:
        self._channel, self._version, self._missing, self._said = channel, 0, 0, False
        self._batches = Batches(exchanges, self._give)

    def begin(self, version: int) -> None:
        """Hand over what there is; what comes from now on is of another version."""
        self._batches.flush()
        self._version = version

    def flush(self) -> None:
        """Hand over what there is."""
        self._batches.flush()

    def _give(self, data: bytes, lines: int) -> None:
        if self._channel.behind > MAX_PENDING_BYTES:
            self._missing += lines
            if not self._said:
                self._said = True
                logger.warning('the journal lacks lines: the process that writes it does not keep up')
            return
        if self._missing:
            data = self._batches.encode(Lost(self._missing)) + data
            self._missing = 0
        self._channel.post(Frame(KIND, self._version, data))
