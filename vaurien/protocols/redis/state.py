"""What the two directions of a Redis session must know of each other, and what each command changes in it.

Knows words and exchanges; no wire format and no failure.
"""
from collections.abc import Callable, Sequence
from typing import Final

from ..base import Exchange
from ..message import MAX_NAME_BYTES, MessageProtocol
from .commands import GREETS, KEYED, LOGIN, SPECIAL, WATCHED, known

#: The note of an exchange; a plain tuple, since a NamedTuple takes a third of the time that it takes to read a command
Note = tuple[int, bytes, str, int]
BITS: Final = 0     #: of a note: what the command is, by the bits of ``commands``
KEY: Final = 1      #: its first argument, or the word that its replies begin with
ROLE: Final = 2     #: what is special in its reply; empty: nothing
WANTED: Final = 3   #: how many replies it has; 0: one for each channel that it leaves

BEYOND: Final = 'beyond'    #: the stage of a command that may be none, since the connection may have been taken over

# What is special in the reply to a command.
TAKES_OVER: Final = 'takes over'    #: unless it is an error, what follows it is no reply to any command
SUBSCRIBES: Final = 'subscribes'    #: there is one for each channel
GREETING: Final = 'greets'          #: it says which version of the protocol is spoken from then on
STARTING: Final = 'starts'          #: it says whether a transaction has begun
CLEARING: Final = 'clears'          #: it says whether the connection is like a new one
WATCHING: Final = 'watches'         #: nothing; the transaction to come depends on its keys
UNCOUNTABLE: Final = 'odd'          #: it is the reply to a transaction, and its length cannot be known
NOTHING: Final = 'nothing'          #: it is dropped, and the client gets a null in the version that is spoken by then
#: the replies that never get lost: nothing has been done yet, or the server goes on of its own accord
UNLOSABLE: Final = (STARTING, SUBSCRIBES, TAKES_OVER, UNCOUNTABLE)
#: a null in place of an array, by whether the version of the protocol is 3
NULLS: Final = (b'*-1\r\n', b'_\r\n')

#: what the replies to a subscription count: channels and patterns together, or shard channels
CHANNELS, PATTERNS, SHARDS = range(3)
SUBSCRIPTIONS: Final = {
    b'subscribe': CHANNELS, b'unsubscribe': CHANNELS, b'psubscribe': PATTERNS, b'punsubscribe': PATTERNS,
    b'ssubscribe': SHARDS, b'sunsubscribe': SHARDS,
}
SUBSCRIBING: Final = frozenset(kind.upper() for kind in SUBSCRIPTIONS)
ROLES: Final = {
    b'HELLO': GREETING, b'MONITOR': TAKES_OVER, b'PSYNC': TAKES_OVER, b'RESET': CLEARING, b'SYNC': TAKES_OVER,
    **dict.fromkeys(SUBSCRIBING, SUBSCRIBES),
}
#: run at once, also while commands are queued
UNQUEUED: Final = frozenset((b'EXEC', b'DISCARD', b'MULTI', b'WATCH', b'QUIT', b'RESET'))
#: the commands with which the length of the reply to a transaction cannot be known; ``CLIENT`` only with ``REPLY``
MAKES_UNCOUNTABLE: Final = frozenset((b'CLIENT', b'MONITOR', b'SYNC', b'PSYNC', *SUBSCRIBING))
#: the commands that leave something of this client on the connection; ``CLIENT`` except with a harmless subcommand
LEAVES_STATE: Final = frozenset((b'ASKING', b'AUTH', b'CLIENT', b'HELLO', b'READONLY', b'READWRITE', b'SCRIPT', b'SELECT',
                           b'WATCH', *SUBSCRIBING))
HARMLESS_CLIENT_COMMANDS: Final = frozenset((b'GETNAME', b'ID', b'INFO', b'KILL', b'LIST', b'PAUSE', b'SETINFO', b'UNPAUSE'))
#: how many words of a command must be known before it can be named; for all others it is two
WORDS_TO_NAME: Final = {b'CLIENT': 3, b'HELLO': 8}


class Command:
    """One command on its way to become an exchange.

    Args:
        words: Its first words: as many as ``WORDS_TO_NAME`` says, or all.
        count: How many words it has.
    """

    __slots__ = ('verb', 'words', 'count', 'bits', 'key', 'role', 'wanted', 'silent', 'stage')

    def __init__(self, words: Sequence[bytes], count: int) -> None:
        self.verb, self.words, self.count = words[0].upper(), words, count
        self.bits = known(words[0], count)
        self.key = words[1] if len(words) > 1 else b''
        self.role, self.wanted = ROLES.get(self.verb, ''), 1
        self.silent, self.stage = False, 'command'

    def exchange(self) -> Exchange:
        """Make the exchange. Its name never holds a password, and a key that was cut has no slot."""
        bits = self.bits if len(self.key) < MAX_NAME_BYTES else self.bits & ~KEYED
        name = b' '.join(self.words[:1 if self.verb == b'AUTH' else 2])
        return Exchange(name[:MAX_NAME_BYTES], self.stage, not self.silent, (bits, self.key, self.role, self.wanted))


class Conversation(MessageProtocol):
    """A session with a state."""

    state: 'State'


class State:
    """What the commands of a session have changed so far.

    Failures depend on what was asked, and not on whether the server has replied to it yet: MULTI and WATCH count from when they
    are sent, and after a command that may take the connection over nothing fails. Where the server refuses one of these, only
    what finds the replies goes by that.

    Attributes:
        usual: An ordinary command is run at once and has one reply.
        transaction: The bits of all commands queued since ``MULTI``; None: there is no transaction.
        refused: The server has refused that ``MULTI``: nothing is queued.
        odd: The length of the reply to the transaction cannot be known.
        muted: No command has a reply, ``CLIENT REPLY OFF``.
        skipping: The next command has no reply, ``CLIENT REPLY SKIP``.
        watches: How often keys were watched for the next transaction.
        over: A command has been sent that takes the connection over unless it is refused.
        resp3: The version of the protocol is 3.
        unasked: Replies to subscriptions that are still to come while replies are switched off.
        listening: Messages come as arrays among the replies (RESP2).
        clean: Nothing of this client is left on the connection.
    """

    __slots__ = ('usual', 'transaction', 'refused', 'odd', 'muted', 'skipping', 'watches', 'over', 'resp3', 'unasked',
                 'listening', 'clean', '_counts')

    def __init__(self) -> None:
        self.usual = self.clean = True
        self.transaction: int | None = None
        self.refused = self.odd = self.muted = self.skipping = self.over = self.resp3 = self.listening = False
        self.watches = self.unasked = 0
        self._counts = [0, 0, 0]

    def begin(self, words: Sequence[bytes], count: int) -> Exchange:
        """Make the exchange of a command, and record what it changes; the arguments are those of ``Command``."""
        command = Command(words, count)
        command.silent, self.skipping = self.muted or self.skipping, False
        over, queued = self.over, self.transaction is not None and command.verb not in UNQUEUED
        if queued:
            self._queue(command)
        if (not queued or self.refused) and command.bits & SPECIAL and command.verb in ACTIONS:
            ACTIONS[command.verb](self, command)
        self.over = over or command.role in (TAKES_OVER, UNCOUNTABLE)
        if over:
            command.stage = BEYOND
        if command.verb in LEAVES_STATE and not (command.verb == b'CLIENT' and command.key.upper() in HARMLESS_CLIENT_COMMANDS):
            self.clean = False
        self._settle()
        return command.exchange()

    def nothing(self) -> None:
        """Record an empty command: it has no reply, but counts as the one after ``CLIENT REPLY SKIP``."""
        self.skipping = False
        self._settle()

    def failed(self, exchange: Exchange) -> None:
        """Record that the command just begun has failed without the server: it has changed nothing."""
        self.watches -= exchange.note[ROLE] == WATCHING
        self.over = False
        self._settle()

    def replied(self, role: str, mark: int) -> None:
        """Record the reply to a command with a role; ``mark`` is its first byte."""
        failed = mark == ord('-')
        if role == STARTING:
            self.refused = failed and self.transaction is not None
        elif role == GREETING and not failed:
            self.resp3 = mark != ord('*')
        elif role == CLEARING and not failed:
            self.resp3, self.unasked, self._counts = False, 0, [0, 0, 0]
        self._settle()

    def subscribed(self, kind: bytes, total: int) -> int:
        """Record a reply to a subscription.

        Args:
            kind: Its first word.
            total: Its last.

        Returns:
            How many channels, patterns or shard channels the client has now, whichever the reply is about.
        """
        which = SUBSCRIPTIONS[kind]
        self.unasked = max(0, self.unasked - 1)
        others = {CHANNELS: self._counts[PATTERNS], PATTERNS: self._counts[CHANNELS], SHARDS: 0}[which]
        self._counts[which] = max(0, total - others)
        self._settle()
        return self._counts[which]

    def forget(self) -> None:
        """Record that the transaction is over, or has never begun."""
        self.transaction, self.refused, self.odd = None, False, False
        self._settle()

    def _settle(self) -> None:
        self.usual = self.transaction is None and not (self.muted or self.skipping or self.over)
        self.listening = not self.resp3 and (self.unasked > 0 or any(self._counts))

    def _queue(self, command: Command) -> None:
        assert self.transaction is not None
        command.stage = 'queued'
        self.transaction |= command.bits
        if self.refused:
            return
        command.role = ''
        if command.verb in MAKES_UNCOUNTABLE and (command.verb != b'CLIENT' or command.key.upper() == b'REPLY'):
            self.odd = True


def _multi(state: State, command: Command) -> None:
    command.bits = 0    # never refused: the commands of the transaction would then be run one by one
    if state.transaction is None and command.count == 1:
        state.transaction, command.role = 0, STARTING


def _exec(state: State, command: Command) -> None:
    if state.transaction is not None:
        command.stage, command.role = 'exec', UNCOUNTABLE if state.odd else ''
        command.bits = state.transaction | (WATCHED if state.watches else 0)
        state.watches = 0
        state.forget()


def _discard(state: State, command: Command) -> None:
    command.bits = state.watches = 0
    state.forget()


def _watch(state: State, command: Command) -> None:
    if state.transaction is None and command.count > 1:
        state.watches += 1
        command.role = WATCHING


def _unwatch(state: State, command: Command) -> None:
    state.watches = 0


def _quit(state: State, command: Command) -> None:
    command.bits = 0


def _reset(state: State, command: Command) -> None:
    command.bits, command.silent = 0, False
    state.muted, state.watches, state.clean = False, 0, True
    state.forget()


def _hello(state: State, command: Command) -> None:
    command.bits |= GREETS if command.count > 1 else 0
    command.bits |= LOGIN if b'AUTH' in [word.upper() for word in command.words[2:]] else 0


def _subscribe(state: State, command: Command) -> None:
    command.key, command.wanted = command.verb.lower(), command.count - 1
    if command.silent:      # a subscription is confirmed nevertheless, as messages are sent nevertheless
        state.unasked += command.wanted or 1


def _script(state: State, command: Command) -> None:
    if command.key.upper() == b'DEBUG':     # the next EVAL talks to the Lua debugger
        command.role = TAKES_OVER


def _replconf(state: State, command: Command) -> None:
    if command.key.upper() == b'ACK':       # the one subcommand that never has a reply
        command.silent = True


def _client(state: State, command: Command) -> None:
    if command.key.upper() != b'REPLY' or command.count != 3:
        return
    command.bits, mode = 0, command.words[2].upper()
    if mode == b'ON':
        state.muted = command.silent = False
    elif mode in (b'OFF', b'SKIP'):
        state.muted |= mode == b'OFF'
        state.skipping = not state.muted
        command.silent = True


ACTIONS: Final[dict[bytes, Callable[[State, Command], None]]] = {
    b'CLIENT': _client, b'DISCARD': _discard, b'EXEC': _exec, b'HELLO': _hello, b'MULTI': _multi, b'QUIT': _quit,
    b'REPLCONF': _replconf, b'RESET': _reset, b'SCRIPT': _script, b'UNWATCH': _unwatch, b'WATCH': _watch,
    **dict.fromkeys(SUBSCRIBING, _subscribe),
}
