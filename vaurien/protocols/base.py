"""What every protocol is made of. Knows streams only by their verbs, and no lane, session or proxy.

``BaseProtocol`` is the contract of a protocol that is handed every readable event. Protocols that know requests
derive from ``vaurien.protocols.message.MessageProtocol``.
"""
from collections.abc import Collection, Mapping
from random import Random
from typing import Any, ClassVar, Protocol

from ..options import Option
from ..words.matching import Matcher
from .effects.words import NOTHING_KNOWN, Effects
from .failure import Failure as Failure
from .failure import FailureKind
from .shapes import masked
from .tls_kinds import STREAM_KINDS, TLS_KINDS

COMMON: dict[str, Option] = {
    'reuse_socket': Option("If True, the socket is reused.", bool, False),
    'buffer': Option("Buffer size", int, 8124),
    'keep_alive': Option("Keep the connection alive", bool, False),
}
OPENING = 'connect'     #: the stage, and the name, of the opening of a connection
JUNK = 100  #: [bytes] of random data that ``error`` answers with, and injects


class Source(Protocol):
    """The verbs of a stream that handlers and behaviors use; ``vaurien.net.stream.Stream`` has them."""

    _closed: bool

    def recv(self, size: int = ...) -> bytes: ...
    def sendall(self, data: Any) -> None: ...
    def unread(self, data: bytes) -> None: ...
    def forward(self, dest: Any, size: int | None = None) -> int: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...


class Host(Protocol):
    """What a protocol may ask of the session it works for; ``vaurien.relay.session.Session`` is one."""

    @property
    def random(self) -> Random: ...
    def random_of(self, exchange: 'Exchange') -> Random: ...
    @property
    def backend_name(self) -> str: ...
    @property
    def stages(self) -> Collection[str]: ...
    def exchange(self, to_backend: bool) -> 'Exchange | None': ...
    def injected(self, exchange: 'Exchange', kind: str) -> None: ...
    def silence(self) -> None: ...


class Behavior(Protocol):
    """What is applied to an exchange; ``vaurien.behaviors.dummy.Dummy`` is one, and the base of all."""

    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def match(self) -> Matcher | None: ...
    @property
    def name(self) -> str: ...
    @property
    def inline(self) -> bool: ...
    @property
    def reports(self) -> bool: ...
    @property
    def pauses(self) -> bool: ...
    @property
    def once(self) -> bool: ...
    def pause(self, protocol: Any, exchange: 'Exchange', to_backend: bool) -> float: ...
    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool: ...
    def on_after_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool: ...


class Exchange:
    """One request and what answers it.

    Args:
        name: What ``match`` is searched in: ``GET /items``, ``SET key``; empty where the protocol knows no requests.
        stage: Where in the conversation it stands, in the protocol's own words; decides which error kinds fit.
        expects: Whether the backend answers it.
        note: Whatever the protocol's framers need to remember of it.
    """

    __slots__ = ('name_as_sent', 'stage', 'expects', 'note', 'number', 'behavior', 'met', 'due', 'random', 'failure', 'closes')

    def __init__(self, name: bytes = b'', stage: str = '', expects: bool = True, note: Any = None) -> None:
        self.name_as_sent, self.stage, self.expects, self.note = name, stage, expects, note
        self.number = 0             #: counted from 1 in its session; 0: not drawn yet
        self.behavior: Behavior | None = None   #: what was drawn for it; None: not drawn yet
        self.met = False            #: a behavior that acts once an exchange has acted
        self.due = False            #: it gets an error that was drawn earlier, where it did not fit
        self.random: Random | None = None       #: what is drawn for it alone; None: nothing so far
        self.failure: Failure | None = None     #: what takes the place of its response; None: nothing does
        self.closes = False         #: the session ends once its response is complete

    @property
    def name(self) -> str:
        """The request's name as text; bytes that are not UTF-8 are shown as U+FFFD."""
        return self.name_as_sent.decode('utf-8', 'replace')

    @property
    def drawn(self) -> Behavior:
        """The behavior that was drawn for it; a draw has to come first."""
        assert self.behavior is not None
        return self.behavior

    @property
    def name_bytes(self) -> int:
        """The length of the name [bytes]."""
        return len(self.name_as_sent)

    def __repr__(self) -> str:
        return f'<Exchange {self.number} {self.name!r} {self.stage}>'


class SharedExchange(Exchange):
    """Stands for every request of one kind that nothing happens to, in all sessions: it has no name and no number.

    Nobody writes to it: an attempt raises ``AttributeError``.

    Args:
        stage, note: As for ``Exchange``.
    """

    __slots__ = ()

    name_as_sent, expects, number = b'', True, 0
    met = due = closes = False
    random = failure = None
    #: nothing; ``vaurien.relay``, which knows behaviors, says what that is
    behavior: Behavior | None = None

    def __init__(self, stage: str = '', note: Any = None) -> None:
        self.stage, self.note = stage, note


class UnansweredExchange(SharedExchange):
    """The same for requests that the backend does not answer: nothing waits for their responses."""

    __slots__ = ()

    expects = False


class BaseProtocol:
    """A protocol that is handed every readable event of its session.

    A subclass gives a ``name``, may declare ``options`` and writes ``_handle``. There is one object per session: parser
    state lives on it. Settings are shared by all sessions and never written by one.

    Args:
        settings: Values by option name; what is missing has its default.
    """

    name: ClassVar[str] = ''
    options: ClassVar[Mapping[str, Any]] = COMMON
    #: both directions may be handled at the same time; False: one ``_handle`` of a session at a time, which may then
    #: read from and write to both streams
    duplex: ClassVar[bool] = False
    #: ``_handle`` never waits and may run in the event loop's callback
    inline: ClassVar[bool] = False
    #: ``_handle`` does nothing but ``source.forward(dest)``, which may be called in its place
    relays: ClassVar[bool] = False
    #: what of ALPN (RFC 7301) it can read, best first; empty: whatever the two sides agree on is the same to it
    alpn: ClassVar[tuple[str, ...]] = ()
    #: the failures that this kind of server has: name -> ``FailureKind``; empty: none of its own
    errors: ClassVar[Mapping[str, Any]] = {}
    #: those of TLS, which every protocol has: name -> ``FailureKind``
    kinds_of_tls: ClassVar[Mapping[str, FailureKind]] = TLS_KINDS
    #: those that are read from files when one is asked for by its name, and never drawn: name -> ``FailureKind``
    tables: ClassVar[Mapping[str, FailureKind]] = {}
    #: what its requests do to what the server has
    effects: ClassVar[Effects] = NOTHING_KNOWN

    session: Host

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self.settings = settings if settings is not None else {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if '_handle' in cls.__dict__ and 'relays' not in cls.__dict__:
            cls.relays = False

    @staticmethod
    def shape(name: str) -> str:
        """Return the shape of a request: its name with what differs from one to the next masked by ``?``.

        A pure function of the name, and a shape is its own shape. A protocol overrides it where it can tell more of what differs
        than numbers.
        """
        return masked(name)

    @classmethod
    def offered(cls, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what of ALPN it can read with these settings, which are complete; as ``alpn``."""
        return cls.alpn

    @classmethod
    def kinds_named(cls, word: str) -> tuple[str, ...]:
        """Return the kinds of error that a word stands for: the one of this name, or else all that have this code."""
        if word in cls.errors:
            return (word,)
        coded = tuple(name for name, kind in cls.errors.items() if word in kind.codes)
        return coded or (word,) * (word in TLS_KINDS or word in cls.tables)

    @classmethod
    def kind(cls, name: str) -> FailureKind:
        """Return a kind of error: the protocol's own one of this name, or else the one of TLS, which all protocols have, or that
        of a file.

        Raises:
            KeyError: There is none.
        """
        for kinds in (cls.errors, TLS_KINDS):
            if name in kinds:
                found: FailureKind = kinds[name]
                return found
        return cls.tables[name]

    def option(self, name: str) -> Any:
        """Return the value of an option.

        Raises:
            KeyError: The protocol declares no such option.
        """
        if name in self.settings:
            return self.settings[name]
        return (self.options.get(name) or COMMON[name])[2]

    def _handle(self, source: Any, dest: Any, to_backend: bool) -> bool:
        """Handle one readable event: the source has bytes to read, or its end.

        Args:
            source: The stream that is readable.
            dest: The other one.
            to_backend: True for bytes that travel from the client to the backend.

        Returns:
            False when this direction has ended.
        """
        raise NotImplementedError

    def _get_data(self, sock: Any, buffer: int | None = None) -> bytes:
        """Read what is there, waiting for the first byte where waiting is possible.

        Args:
            sock: The stream to read from.
            buffer: At most so many bytes; None: the option ``buffer``.

        Returns:
            The bytes; empty at the end of the stream.
        """
        return bytes(sock.recv(buffer or self.option('buffer')))

    def exchange(self, to_backend: bool) -> Exchange:
        """Return the exchange of the event under way in this direction; for behaviors, which are called for one."""
        found = self.session.exchange(to_backend)
        assert found is not None
        return found

    def random(self, to_backend: bool) -> Random:
        """Return the generator of the exchange under way in a direction; for behaviors.

        What it gives depends on the seed, the proxy's name, the session's number and the exchange's, and not on when it is asked.
        """
        return self.session.random_of(self.exchange(to_backend))

    def fail(self, source: Any, dest: Any, kind: str | None = None) -> bool:
        """Answer the request that ``source`` holds with an error in the backend's place.

        A protocol without requests answers with random bytes.

        Args:
            source: The client's stream.
            dest: The backend's stream.
            kind: One of ``errors``, or the code of some; None: any that fits. Of several that fit the exchange's generator draws
                one.

        Returns:
            What ``on_before_handle`` has to return: False when the request must not reach the backend.
        """
        if kind in TLS_KINDS:
            return self._fail_inside(kind)
        source.recv(self.option('buffer'))
        source.sendall(self.random(True).randbytes(JUNK))
        self.session.injected(self.exchange(True), 'random-bytes')
        return False

    def _fail_inside(self, kind: str) -> bool:
        """Let what comes back for the request break as TLS does; of a handshake nothing is left to be done here."""
        if kind in STREAM_KINDS:
            exchange = self.exchange(True)
            exchange.failure = TLS_KINDS[kind].build(self, exchange)
            self.session.injected(exchange, kind)
        return True

    def dribble(self, to_backend: bool, pieces: int, seconds: float) -> None:
        """Let the response to the request under way come in pieces over a time [s], where its end is known.

        Called at the beginning of both, and ``collected`` at the end of the response.
        """

    def collected(self, count: int) -> list[bytes]:
        """Return the headers of what was held of the response that has ended, and the rest in so many pieces at most."""
        return [b'']

    def hang(self) -> None:
        """Answer neither the request under way nor any after it."""
        self.session.silence()

    def reusable(self) -> bool:
        """Return whether the backend connection is as good as new; the session knows whether anything is in flight."""
        return True

    def spoils(self) -> bool:
        """Return whether random bytes can be put into the response to the request under way, and write that down."""
        self.session.injected(self.exchange(True), 'inject')
        return True

    def spoil(self, source: Any) -> None:
        """Put random bytes into the response that ``source`` holds, of which ``spoils`` has told."""
        data = source.recv(self.option('buffer'))
        if data:    # a request that may have no response has none
            at = self.spoilt_at(data)
            source.unread(data[:at] + self.random(False).randbytes(JUNK) + data[at:])

    def spoilt_at(self, response: bytes) -> int:
        """Return after how many bytes of a response the random ones are put; all of it may have come, or its beginning."""
        return len(response) // 2
