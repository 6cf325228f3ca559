"""What can go wrong between us and etcd, by what is to be done about it."""
from ...errors import VaurienError

#: status codes of gRPC, which the gateway writes as ``code``
INVALID, DENIED, UNAVAILABLE, UNAUTHENTICATED = 3, 7, 14, 16
#: codes of what another endpoint, or the same one a little later, may do: deadline exceeded, and unavailable
PASSING = (4, UNAVAILABLE)
#: the beginnings of messages that a new token helps against; etcd gives each another code
STALE_TOKEN = ('etcdserver: invalid auth token', 'etcdserver: revision of auth store is old')
NO_USER = 'etcdserver: user name is empty'
NO_AUTH = 'etcdserver: authentication is not enabled'


class EtcdError(VaurienError):
    """Base of what can go wrong with etcd; its words are for a user."""


class UnreachableError(EtcdError):
    """No endpoint has answered.

    Args:
        where: The endpoints.
        reason: What the last one said.
        sent: Whether the call may have been carried out all the same.
    """

    def __init__(self, where: str, reason: str, sent: bool = False) -> None:
        super().__init__(where, reason, sent)
        self.where, self.reason, self.sent = where, reason, sent

    def __str__(self) -> str:
        unknown = '; whether it was carried out is not known' if self.sent else ''
        return f'etcd cannot be reached at {self.where}: {self.reason}{unknown}'


class RefusedError(EtcdError):
    """etcd has answered that it will not.

    Args:
        message: Its words.
        code: The status code of gRPC.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code)
        self.message, self.code = message, code

    @property
    def stale(self) -> bool:
        """Whether a new token would help."""
        return any(text in self.message for text in STALE_TOKEN)

    def __str__(self) -> str:
        text = self.message.rpartition('etcdserver: ')[2]
        if NO_USER in self.message:
            return 'etcd refuses: it wants a user, such as etcd://USER@HOST/NAME, and a password in VAURIEN_ETCD_PASSWORD'
        return f'etcd refuses: {text}'


class CompactedError(EtcdError):
    """What a watch should begin with is no longer there: everything has to be read anew."""

    def __str__(self) -> str:
        return 'etcd has thrown away what a watch was to begin with'


class CanceledError(EtcdError):
    """etcd has ended a watch; it may be begun again.

    Args:
        reason: Its words; empty: it gave none.
    """

    def __init__(self, reason: str = '') -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f'etcd has ended a watch{": " if self.reason else ""}{self.reason}'
