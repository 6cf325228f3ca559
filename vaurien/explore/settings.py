"""What ``vaurien explore`` can be told beside what ``vaurien run`` can. One table, for its command line and for the docs."""
from ..config.settings import FILE
from ..options import Bounded, Option

MAX_SECONDS = 86_400
#: options of ``explore``
EXPLORE: dict[str, Option] = {
    'limit': Option("Seconds that a test may take in any case; one that takes three times as long as without a fault is given "
                    "that", Bounded(float, 0.1, MAX_SECONDS), 10.0),
    'json': Option("Write the report into this file, as JSON", FILE, ''),
}
