"""One condition: the wire is long."""
from collections.abc import Iterator

from ..options import Option
from .base import Chunk, Timed, Whole

#: what jitter is multiplied with, drawn for each chunk
SPREADS = {
    'uniform': lambda random: random.uniform(-1, 1),
    'normal': lambda random: random.gauss(0, 1),
    # mean 0 and long to one side: most chunks come a little early, a few very late
    'pareto': lambda random: random.paretovariate(3) - 1.5,
    'lognormal': lambda random: random.lognormvariate(0, 0.5) - 1.1331484530668263,     # e**(0.5**2 / 2), its mean
}


class Latency(Timed):
    """Bytes arrive late, in order. Delays overlap, so a long wire is not a thin one.

    The end of the stream is not delayed.
    """

    name = 'latency'
    options = {
        'latency': Option("Delay in milliseconds", Whole, 0),
        'jitter': Option("Deviation of the delay in milliseconds", Whole, 0),
        'distribution': Option("How the deviation is spread", str, 'uniform', tuple(SPREADS)),
    }
    # what is under way on a long wire: 160 MB/s at 100 ms before the sender is held back
    queue = 16 * 1024 * 1024

    def delay(self) -> float:
        """Draw a delay [seconds]."""
        jitter = max(0, self.option('jitter'))
        spread = SPREADS[self.option('distribution')](self.link.random) if jitter else 0
        return float(max(0.0, self.option('latency') + jitter * spread)) / 1000

    def pieces(self, chunk: Chunk) -> Iterator[tuple[float, bytes]]:
        yield chunk.arrived + self.delay(), chunk.data
