"""What changes under a prefix, as it changes, on a connection of its own. Knows no key of vaurien's."""
from collections.abc import Iterator
from typing import Any, NamedTuple

from .client import FAILURES, Etcd, Kept, Lost, after, encoded, read_kept, revision_of
from .errors import CanceledError, CompactedError, RefusedError, UnreachableError

#: [seconds] without a change after which a watch is begun again where it was: a connection may have died without a word
MAX_SILENCE = 60.0


class Change(NamedTuple):
    """What was changed at once.

    Args:
        revision: The revision from then on.
        keys: Their new values; None: it was removed.
    """

    revision: int
    keys: dict[str, Kept | None]


class Watch:
    """All changes of keys that begin with a prefix.

    Args:
        etcd: Where to ask.
        prefix: What the keys begin with.
        revision: The first one whose changes are of interest.

    Raises:
        UnreachableError: The endpoint does not answer; the next one is asked the next time.
        RefusedError: etcd will not.
        CompactedError: What it should begin with is gone.
        CanceledError: etcd has ended it at once.
    """

    def __init__(self, etcd: Etcd, prefix: str, revision: int) -> None:
        self._etcd = etcd
        token = etcd.token
        try:
            self._wire = etcd.open()
        except Lost as error:
            raise self._lost(error.reason) from None
        try:
            self._wire.send('/v3/watch', {'create_request': {
                'key': encoded(prefix), 'range_end': encoded(after(prefix)), 'start_revision': str(revision)}}, token)
            status = self._wire.begin(MAX_SILENCE)
            self._read(status)
        except FAILURES as error:
            raise self._lost(Lost(error, True).reason) from None
        except BaseException:
            self.close()
            raise

    def _lost(self, reason: str) -> UnreachableError:
        self.close()
        self._etcd.elsewhere()
        return UnreachableError(self._etcd._hosts, reason)

    def __iter__(self) -> Iterator[Change]:
        """Give each change, until the watch ends.

        Raises:
            UnreachableError, RefusedError, CompactedError, CanceledError: It has ended; what was given is complete.
        """
        while True:
            try:
                found = self._read(200)
            except FAILURES as error:
                raise self._lost(Lost(error, True).reason) from None
            if found.get('events'):
                yield read_change(found)

    def _read(self, status: int) -> Any:
        found: Any = self._wire.line()
        if found is None:
            raise ConnectionResetError('the stream has ended')
        if status >= 400 or 'error' in found:
            error = found.get('error')
            words: Any = error if isinstance(error, dict) else found
            raise RefusedError(str(words.get('message', status)), int(words.get('code', words.get('grpc_code', 0))))
        result: Any = found.get('result', {})
        if int(result.get('compact_revision', 0)):
            raise CompactedError
        if result.get('canceled'):
            self._etcd.forget_token()
            raise CanceledError(str(result.get('cancel_reason', '')))
        return result

    def close(self) -> None:
        """End it."""
        wire = getattr(self, '_wire', None)
        if wire is not None:
            wire.close()


def read_change(found: Any) -> Change:
    """Read what was changed."""
    keys: dict[str, Kept | None] = {}
    for event in found['events']:
        key, kept = read_kept(event['kv'])
        keys[key] = None if event.get('type') == 'DELETE' else kept
    return Change(revision_of(found), keys)
