"""The contexts with which handshakes fail."""
import ssl
from datetime import UTC, datetime, timedelta

from vaurien.net.tls.authority import Authority, faults, leaves
from vaurien.net.tls.authority.faults import DAY, Faults

OURS = Authority.make()


def test_what_is_not_valid_yet_never_comes_to_be_valid(monkeypatch):
    issued = []

    class Watched(Authority):
        def leaf(self, names, **said):
            issued.append(said.get('not_before'))
            return OURS.leaf(names, **said)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + passed
    passed, began = timedelta(), leaves.monotonic()
    monkeypatch.setattr(leaves, 'monotonic', lambda: began + passed.total_seconds())
    monkeypatch.setattr(faults, 'datetime', Later)
    watched = Watched.__new__(Watched)
    made = Faults(lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), watched, ('localhost',))
    for _ in range(6):
        made.context('not-yet-valid', 'localhost')
        assert issued[-1] > datetime.now(UTC) + passed
        passed += DAY / 3
