"""The unit that every waiting time in the tests is a multiple of. Knows nothing of what is tested."""
import os

#: [s] one test millisecond. A busy machine stretches all of them: ``VAURIEN_TEST_MS=5`` makes each five real ones.
MS = 0.001 * float(os.environ.get('VAURIEN_TEST_MS', '1'))
#: [s] after which something that has to happen is said not to happen; nothing waits that long where all is well
PATIENCE = 10_000 * MS
