"""The pairs: which verdict each weak twin has to get. A table; the applications are in the folder ``apps``, by the same names."""
from pathlib import Path
from typing import NamedTuple

APPS = Path(__file__).parent / 'apps'
WEAK, MENDED = 'weak', 'mended'     #: twins


class Pair(NamedTuple):
    """An application with a weakness, and its mended twin.

    Args:
        name: Of its folder; the first word is the protocol.
        verdict: What the weak twin has to get.
        letters: The classes of failure that show it, any of them.
    """

    name: str
    verdict: str
    letters: str

    @property
    def test(self) -> str:
        """The file with its tests."""
        return f'test_{self.name}.py'


#: in three parts, the first of which every change has to pass; its tests make few kinds of requests, so that it takes few runs
PARTS = (
    (
        Pair('redis_job_twice', 'double-effect', 'C'),
        Pair('redis_stuck_on_replica', 'dead-connection', 'A'),
        Pair('postgres_own_row', 'own-effect-refused', 'C'),
        Pair('mysql_no_limit', 'hang', 'D'),
        Pair('memcache_unheard', 'silent-success', 'AB'),
        Pair('http_paid_twice', 'double-effect', 'C'),
        Pair('http_too_soon', 'retry-after-ignored', 'A'),
    ),
    (
        Pair('redis_own_lock', 'own-effect-refused', 'C'),
        Pair('redis_no_limit', 'hang', 'D'),
        Pair('redis_no_backoff', 'no-backoff', 'A'),
        Pair('redis_swallowed', 'silent-success', 'AB'),
        Pair('postgres_deadlock', 'not-tolerated', 'A'),
        Pair('postgres_leak', 'leak', 'A'),
        Pair('mysql_withdrawn_twice', 'double-effect', 'C'),
        Pair('memcache_own_lock', 'own-effect-refused', 'C'),
        Pair('smtp_refused_again', 'retried-final', 'B'),
        Pair('smtp_sent_twice', 'double-effect', 'C'),
        Pair('http_half_taken', 'silent-success', 'E'),
        Pair('http_no_limit', 'hang', 'D'),
        Pair('http_fresh_key', 'double-effect', 'C'),
    ),
    (
        Pair('redis_storm', 'retry-storm', 'A'),
        Pair('redis_crash', 'crash', 'A'),
        Pair('postgres_charged_twice', 'double-effect', 'C'),
        Pair('postgres_wrong_error', 'wrong-error', 'CE'),
        Pair('postgres_stuck_on_standby', 'dead-connection', 'A'),
        Pair('mysql_audit_lost', 'lost-write', 'DF'),
        Pair('memcache_counted_twice', 'double-effect', 'C'),
        Pair('smtp_swallowed', 'lost-write', 'ABDF'),
        Pair('smtp_no_limit', 'hang', 'D'),
        Pair('http_storm', 'retry-storm', 'A'),
        Pair('http_refused_again', 'retried-final', 'B'),
        Pair('http_wrong_error', 'wrong-error', 'B'),
    ),
)
EVERY = {pair.name: pair for part in PARTS for pair in part}
