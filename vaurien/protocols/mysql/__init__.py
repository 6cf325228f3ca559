"""The MySQL protocol, as MySQL and MariaDB speak it. Bytes only: it is built of framers and a table of failures."""
from collections.abc import Mapping
from typing import Any, ClassVar

from .. import Protocol
from ..base import Exchange
from ..message import Kind, MessageProtocol
from .calls import Call, Statements, complete
from .commands import UNANSWERED
from .failures import ERRORS, VERBS, verb
from .packets import CACHE_METADATA, COMPRESS, DEPRECATE_EOF, OPTIONAL_METADATA, QUERY_ATTRIBUTES, ZSTD, Greeting, Login
from .requests import ANSWER, COMMANDS, Requests
from .responses import Answers


@Protocol.register
class MySQL(MessageProtocol):
    """Queries and commands of MySQL and MariaDB, one by one, in text and prepared.

    A request is called by its text: ``SELECT * FROM t``, also when a prepared statement is executed. Other commands are
    called by their names: ``COM_PING``, ``COM_INIT_DB shop``, ``COM_STMT_PREPARE SELECT ...``, and ``login user database``.
    Nothing is drawn for what the server does not answer: COM_QUIT, COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA.
    TLS, compression and replication are relayed unread from where they begin: a client that prefers TLS has to be told not
    to use it (``--skip-ssl``, ``ssl_disabled``, ``sslMode=DISABLED``).

    Attributes:
        server: What the server said of itself; None: it has not yet.
        login: What the client said of itself, with the capabilities that both have.
        statements: The prepared statements of the session.
        sends: What the client sends now, in the words of the requests' framer.
        quick: It sends commands, and a query is nothing but its text.
        compressed: What follows is compressed.
        deprecates_eof: Result sets have no EOF behind their columns, and an OK packet at their end.
        optional_metadata: The number of columns is followed by a byte that says whether their definitions are.
        attributes: Queries may begin with attributes.
    """

    name = 'mysql'
    framers = (Requests, Answers)
    errors: ClassVar[Mapping[str, Kind]] = ERRORS
    undrawn = frozenset((UNANSWERED,))

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.server: Greeting | None = None
        self.login = Login(0, b'', b'')
        self.statements = Statements()
        self.sends = ANSWER
        self.quick = self.compressed = False
        self.deprecates_eof = self.optional_metadata = self.attributes = False

    def agree(self, login: Login) -> None:
        """Take note of what the client has chosen."""
        self.login = login
        self.deprecates_eof = bool(login.capabilities & DEPRECATE_EOF)
        self.optional_metadata = bool(login.capabilities & (OPTIONAL_METADATA | CACHE_METADATA))
        self.attributes = bool(login.capabilities & QUERY_ATTRIBUTES)

    def expect(self, sends: str) -> None:
        """Take note of what the client sends from here on."""
        self.sends = sends
        self.quick = sends is COMMANDS and not self.attributes

    def logged_in(self) -> None:
        """Take note that the server has let the client in."""
        self.compressed = bool(self.login.capabilities & (COMPRESS | ZSTD))
        self.quick = self.quick and not self.compressed

    def review(self) -> None:
        """Look whether there are still executions to be completed."""
        self.editing = self.statements.incomplete()

    def edit(self, exchange: Exchange, head: bytes, to_backend: bool) -> bytes:
        """Put the types of its parameters into an execution, where vaurien has withheld them from the server."""
        if to_backend and isinstance(exchange.note, Call):
            return complete(exchange.note, head, self.attributes)
        return head

    def fits(self, kind: str, exchange: Exchange) -> bool:
        """Say whether the real server could fail with this kind at this exchange: at this stage, with this statement."""
        return super().fits(kind, exchange) and (kind not in VERBS or verb(exchange) in VERBS[kind])

    def reusable(self) -> bool:
        """A connection that somebody has logged in on greets nobody else."""
        return False
