"""One condition: bytes get lost."""
from ..options import Option
from .base import Chunks, Send, Toxic


class PacketLoss(Toxic):
    """Some chunks never arrive: the stream has holes. TCP itself would send them again, so this is loss as a broken
    middle box makes it.
    """

    name = 'packet_loss'
    options = {
        'loss_rate': Option("Share of the chunks that are lost, 0 to 1", float, 0.0),
        'correlation': Option("What is added to that share after a loss, 0 to 1", float, 0.0),
    }

    def pipe(self, chunks: Chunks, send: Send) -> None:
        lost = False
        for chunk in chunks:
            share = self.option('loss_rate') + (self.option('correlation') if lost else 0.0)
            lost = self.link.random.random() < share
            if not lost:
                send(chunk)
