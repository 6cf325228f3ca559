"""The calls of etcd: keys, leases and transactions, at the first endpoint that answers. Knows no key of vaurien's."""
import http.client
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...errors import of_tls
from ..where import Where
from .errors import NO_AUTH, PASSING, EtcdError, RefusedError, UnreachableError
from .wire import PLAIN, Dial, Wire, tls_context

DEFAULT_TIMEOUT = 5.0   #: [seconds] for each endpoint
KEPT = 4    #: connections that are kept for the next call
FAILURES = (OSError, http.client.HTTPException, ValueError)
#: what may be sent once only: whether it was carried out cannot be told by sending it again
ONCE = '/v3/kv/txn'


class Kept(NamedTuple):
    """A key's value.

    Args:
        value: Its bytes.
        created, changed: The revisions of the cluster at which it was made, and last written.
        lease: The lease that it ends with; 0: it stays.
    """

    value: bytes
    created: int
    changed: int
    lease: int


class Found(NamedTuple):
    """What there was at one revision.

    Args:
        revision: That revision.
        keys: What was found, by key.
        total: How many keys there are; ``keys`` may have fewer where a limit was asked for.
    """

    revision: int
    keys: dict[str, Kept]
    total: int


class Etcd:
    """A cluster's etcd. Any number of threads or greenlets may ask.

    Args:
        where: The cluster.
        dial: Makes sockets.
        timeout: Seconds for each endpoint; with so many of them a call may take that many times as long.

    Attributes:
        at: The endpoint that is asked first, by its place in ``where``: the one that has answered last.

    Raises:
        ConfigError: A file of TLS cannot be used.
    """

    def __init__(self, where: Where, dial: Dial = PLAIN, timeout: float = DEFAULT_TIMEOUT) -> None:
        self.where, self._dial, self.timeout = where, dial, timeout
        self._context = tls_context(where, dial)
        self.at, self._token = 0, ''
        self._idle: list[tuple[int, Wire]] = []

    @property
    def _hosts(self) -> str:
        return ','.join(map(str, self.where.endpoints))

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[1].close()

    # -- one call

    def call(self, path: str, body: Any) -> Any:
        """Ask the endpoints in turn, and return the first response.

        Raises:
            UnreachableError: None has answered.
            RefusedError: One has refused.
        """
        self._log_in()
        try:
            return self._ask(path, body)
        except RefusedError as error:
            if not error.stale or not self.where.user:
                raise
            self._token = ''
            self._log_in()
            return self._ask(path, body)

    def _log_in(self) -> None:
        if self.where.user and not self._token:
            try:
                found = self._ask('/v3/auth/authenticate', {'name': self.where.user, 'password': self.where.password})
            except RefusedError as error:
                if NO_AUTH not in error.message:
                    raise
                self._token = '-'   # etcd lets everybody in, and looks at no token
            else:
                self._token = str(found.get('token', ''))

    def forget_token(self) -> None:
        """Ask for another token before the next call."""
        self._token = ''

    def _ask(self, path: str, body: Any) -> Any:
        reason, sent = 'no endpoint', False
        for turn in range(len(self.where.endpoints)):
            at = (self.at + turn) % len(self.where.endpoints)
            try:
                found = self._ask_at(at, path, body)
            except RefusedError as error:
                if error.code not in PASSING:
                    raise
                reason, sent = error.message, True
            except Lost as error:
                reason, sent = error.reason, error.sent
            else:
                self.at = at
                return found
            if sent and path == ONCE:
                break
        self.at = (self.at + 1) % len(self.where.endpoints)
        raise UnreachableError(self._hosts, reason, sent and path == ONCE)

    def _ask_at(self, at: int, path: str, body: Any) -> Any:
        while True:
            kept = path != ONCE     # on one that was kept nobody knows whether it came through
            wire, fresh = self._wire(at, kept)
            try:
                wire.send(path, body, self._token)
                status, found = wire.answer()
            except FAILURES as error:
                wire.close()
                if fresh or isinstance(error, TimeoutError):    # one that is silent would be on a new connection, too
                    raise Lost(error, sent=True) from None
                continue    # etcd may have closed what was kept
            except BaseException:   # a greenlet that is killed leaves half a response
                wire.close()
                raise
            self._keep(at, wire)
            if status >= 400:
                raise RefusedError(str(found.get('error') or found.get('message') or status), int(found.get('code', 0)))
            return found

    def _wire(self, at: int, kept: bool) -> tuple[Wire, bool]:
        """Return a connection, and whether it is a new one."""
        for index, (there, wire) in enumerate(self._idle if kept else ()):
            if there == at:
                del self._idle[index]
                return wire, False
        return self.open(at), True

    def _keep(self, at: int, wire: Wire) -> None:
        if len(self._idle) < KEPT:
            self._idle.append((at, wire))
        else:
            wire.close()

    def open(self, at: int | None = None) -> Wire:
        """Open a connection to an endpoint; None: to the one that has answered last.

        Raises:
            Lost: It cannot be connected to.
        """
        address = self.where.endpoints[self.at if at is None else at]
        try:
            return Wire(address, self._dial, self._context, self.timeout)
        except FAILURES as error:
            raise Lost(error, sent=False) from None

    def elsewhere(self) -> None:
        """Begin with another endpoint the next time."""
        self.at = (self.at + 1) % len(self.where.endpoints)

    @property
    def token(self) -> str:
        """What goes with a call of a user who is logged in; this logs in."""
        self._log_in()
        return self._token

    # -- keys

    def range(self, prefix: str, newest: bool = False) -> Found:
        """Return all keys that begin with a prefix, at one revision.

        Args:
            prefix: What they begin with.
            newest: Return the one that was written last alone, without its value.
        """
        body: dict[str, Any] = {'key': encoded(prefix), 'range_end': encoded(after(prefix))}
        if newest:
            body.update({'limit': '1', 'sort_order': 'DESCEND', 'sort_target': 'MOD', 'keys_only': True})
        return read_found(self.call('/v3/kv/range', body))

    def txn(self, compare: Sequence[Any], then: Sequence[Any]) -> tuple[bool, int]:
        """Do something if all of several conditions hold, else nothing.

        Returns:
            Whether they held, and the revision from then on.
        """
        found = self.call(ONCE, {'compare': compare, 'success': then})
        return bool(found.get('succeeded')), revision_of(found)

    def put(self, key: str, value: bytes, lease: int = 0) -> int:
        """Write a key, and return the revision from then on."""
        return revision_of(self.call('/v3/kv/put', put(key, value, lease)['request_put']))

    # -- leases

    def grant(self, seconds: int) -> tuple[int, int]:
        """Make a lease, and return its id and the seconds that it was given, which may be more than were asked for."""
        found = self.call('/v3/lease/grant', {'TTL': str(seconds)})
        return int(found['ID']), int(found['TTL'])

    def keep_alive(self, lease: int) -> bool:
        """Let a lease begin anew, and return whether it was still there."""
        found = self.call('/v3/lease/keepalive', {'ID': str(lease)})
        if 'error' in found:
            raise RefusedError(str(found['error'].get('message', '')), int(found['error'].get('grpc_code', 0)))
        return int(found.get('result', {}).get('TTL', 0)) > 0

    def time_left(self, lease: int) -> int:
        """Return the seconds that a lease has left; -1: it is gone."""
        return int(self.call('/v3/lease/timetolive', {'ID': str(lease)}).get('TTL', 0))

    def revoke(self, lease: int) -> None:
        """End a lease and the keys under it; one that is gone already is none to worry about."""
        try:
            self.call('/v3/lease/revoke', {'ID': str(lease)})
        except RefusedError as error:
            if 'lease not found' not in error.message:
                raise


class Lost(EtcdError):
    """One endpoint has not answered.

    Args:
        error: What happened.
        sent: Whether the call may have arrived.
    """

    def __init__(self, error: Exception, sent: bool) -> None:
        self.reason = of_tls(error) or type(error).__name__
        self.sent = sent
        super().__init__(self.reason, sent)

    def __str__(self) -> str:
        return self.reason


def encoded(text: str) -> str:
    """Write a key as the gateway has it."""
    return b64encode(text.encode()).decode()


def after(prefix: str) -> str:
    """Return what comes after all keys that begin with a prefix of ASCII."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def put(key: str, value: bytes, lease: int = 0) -> dict[str, Any]:
    """Make the part of a transaction that writes a key."""
    return {'request_put': {'key': encoded(key), 'value': b64encode(value).decode(), 'lease': str(lease)}}


def delete(key: str) -> dict[str, Any]:
    """Make the part of a transaction that removes a key."""
    return {'request_delete_range': {'key': encoded(key)}}


def absent(key: str) -> dict[str, Any]:
    """Make the condition that a key is not there."""
    return {'key': encoded(key), 'target': 'CREATE', 'result': 'EQUAL', 'create_revision': '0'}


def unchanged(key: str, revision: int) -> dict[str, Any]:
    """Make the condition that a key is what was written at a revision."""
    return {'key': encoded(key), 'target': 'MOD', 'result': 'EQUAL', 'mod_revision': str(revision)}


def none_newer(prefix: str, revision: int) -> dict[str, Any]:
    """Make the condition that no key of a prefix was written after a revision."""
    return {'key': encoded(prefix), 'range_end': encoded(after(prefix)), 'target': 'MOD', 'result': 'LESS',
            'mod_revision': str(revision + 1)}


def revision_of(found: Any) -> int:
    """Return the revision that a response was made at."""
    return int(found.get('header', {}).get('revision', 0))


def read_kept(kv: Any) -> tuple[str, Kept]:
    """Read a key and its value."""
    created, changed, lease = (int(kv.get(name, 0)) for name in ('create_revision', 'mod_revision', 'lease'))
    return b64decode(kv['key']).decode(errors='replace'), Kept(b64decode(kv.get('value', '')), created, changed, lease)


def read_found(found: Any) -> Found:
    """Read the response of a range."""
    keys = dict(map(read_kept, found.get('kvs', ())))
    return Found(revision_of(found), keys, int(found.get('count', 0)))
