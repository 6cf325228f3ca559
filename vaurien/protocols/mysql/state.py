"""What the two directions of a MySQL session must know of each other. Knows no framer and no failure."""
from collections.abc import Mapping
from typing import Any

from ..message import MessageProtocol
from ..starttls import REFUSE
from .calls import Statements
from .packets import CACHE_METADATA, COMPRESS, DEPRECATE_EOF, OPTIONAL_METADATA, QUERY_ATTRIBUTES, ZSTD, Greeting, Login

# what the client sends now
LOGIN_PACKET, COMMANDS, FILE, ENCRYPTED = 'its login', 'commands', 'a file for LOAD DATA LOCAL', 'what TLS hides'


class Conversation(MessageProtocol):
    """A session, as far as its two sides have agreed.

    Attributes:
        server: The server's greeting; None: it has not come yet.
        login: The client's login, with the capabilities that both sides have.
        statements: The prepared statements of the session.
        offer: Whether the server's greeting is to offer TLS; None: it says what the server says.
        sends: What the client sends now: ``LOGIN_PACKET``, ``COMMANDS``, ``FILE`` or ``ENCRYPTED``.
        quick: The client sends commands, and a query is nothing but its text.
        compressed: What follows is compressed.
        deprecates_eof: Result sets have no EOF after their columns, and an OK packet at their end.
        optional_metadata: After the number of columns, a byte says whether their definitions follow.
        attributes: Queries may begin with attributes.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.server: Greeting | None = None
        self.login = Login(0, b'', b'')
        self.statements = Statements()
        self.offer: bool | None = False if self.option('starttls') == REFUSE else None
        self.sends = LOGIN_PACKET
        self.quick = self.compressed = False
        self.deprecates_eof = self.optional_metadata = self.attributes = False

    def sides(self, client: bool, backend: bool, awaits: bool) -> None:
        super().sides(client, backend, awaits)
        self.offer = awaits

    def agree(self, login: Login) -> None:
        """Record the client's login, and what both sides have agreed on by it."""
        self.login = login
        self.deprecates_eof = bool(login.capabilities & DEPRECATE_EOF)
        self.optional_metadata = bool(login.capabilities & (OPTIONAL_METADATA | CACHE_METADATA))
        self.attributes = bool(login.capabilities & QUERY_ATTRIBUTES)

    def expect(self, sends: str) -> None:
        """Record what the client sends from here on."""
        self.sends = sends
        self.quick = sends is COMMANDS and not self.attributes

    def logged_in(self) -> None:
        """Record that the server has accepted the login."""
        self.compressed = bool(self.login.capabilities & (COMPRESS | ZSTD))
        self.quick = self.quick and not self.compressed

    def review(self) -> None:
        """Find out whether executions still have to be completed."""
        self.editing = self.statements.incomplete()
