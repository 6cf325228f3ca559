"""The unit that every waiting time in the tests is a multiple of. Knows nothing of what is tested."""
import os


def crowding() -> float:
    """Return how many workers of pytest-xdist share one core, at least 1."""
    return max(1.0, int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', '1')) / (os.cpu_count() or 1))


#: [s] one test millisecond. A busy machine stretches all of them: ``VAURIEN_TEST_MS=5`` makes each five real ones. More workers
#: than cores do so by themselves.
MS = 0.001 * float(os.environ.get('VAURIEN_TEST_MS') or crowding())
#: [s] after which something that has to happen is said not to happen; nothing waits that long where all is well
PATIENCE = 30_000 * MS
