"""Plays a schedule, move by move, and has what came of it judged. Knows of the protocol what ``Subject`` names."""
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .host import Line
from .oracle import Fault, Seen
from .schedule import CRUEL, Move, Schedule
from .subject import Client, Subject


class Outcome(NamedTuple):
    """What came of a schedule.

    Args:
        wrong: What must not have happened; empty: all is well.
        sessions: How many sessions there were.
        asks: How many requests.
        faults: How many faults were injected.
    """

    wrong: list[str]
    sessions: int
    asks: int
    faults: int


class Player:
    """One schedule that is played.

    Args:
        subject: Its protocol.
        backend: The address of the real server.
        host: Steers the vaurien in between.
        name: How the proxy is called; with the seed of the fleet it decides what is drawn.
    """

    def __init__(self, subject: Subject, backend: str, host: Line, name: str) -> None:
        self.subject, self.backend, self.host, self.name = subject, backend, host, name
        self.port = 0
        self.cruel = self.remade = False    # a toxic that loses bytes is on; the proxy is not the first of its name
        self.wrong: list[str] = []
        self.seen: dict[int, Seen] = {}
        self.clients: dict[int, Client] = {}    # that have not left

    def play(self, schedule: Schedule) -> Outcome:
        """Play it and judge it."""
        self.port = self.host('create', name=self.name, backend=self.backend, protocol=self.subject.name)
        try:
            for move in schedule['moves']:
                name = next(word for word in MOVES if word in move)
                MOVES[name](self, move, move[name])
            for number in list(self.clients):
                self.hear({}, number)
                self.leave({'how': 'close'}, number)
        finally:
            for number in list(self.clients):
                self.leave({'how': 'close'}, number)
            found = self.host('settle', name=self.name)
        self._learn(found)
        return self._judged(found)

    def _judged(self, found: dict[str, Any]) -> Outcome:
        sessions = list(self.seen.values())
        wrong = [*self.wrong, *(f'logged as an error: {text}' for text in found['errors'])]
        if found['left']:
            wrong.append(f'{found["left"]} sessions have not ended with their clients')
        for seen in sessions:
            wrong += [f'session {seen.number}: {text} ({seen.summary})' for text in self.subject.judge(seen)]
        wrong += self.subject.inspect(self.backend, sessions)
        if not wrong and not self.remade:
            wrong = balance(sessions, found['stats'])
        return Outcome(wrong, len(sessions), sum(len(seen.asked) for seen in sessions), len(found['faults']))

    def _learn(self, found: dict[str, Any]) -> None:
        """Take over what the journal says of each session."""
        ports = {str(seen.port): seen for seen in self.seen.values()}
        for port, exchange, behavior, kind, request in found['faults']:
            if port in ports:
                ports[port].faults[exchange] = Fault(behavior, kind, request)
        for port, reason in found['unread'].items():
            if port in ports:
                ports[port].unread = reason
        for port in found['reset']:
            if port in ports:
                ports[port].cut = True

    # -- moves: each is given the move, and the value that stands at its name

    def open(self, move: Move, number: int) -> None:
        try:
            client = self.subject.connect(move, self.port)
            while client.port in (seen.port for seen in self.seen.values()):    # by it the host tells one from the other
                client.leave('close')
                client = self.subject.connect(move, self.port)
        except OSError as error:
            if not (self.cruel and isinstance(error, ConnectionResetError)):    # a toxic's reset may come while it connects
                self.wrong.append(f'session {number} cannot be connected: {error!r}')
            return
        self.clients[number], self.seen[number] = client, Seen(number, move, client.port, cut=self.cruel)
        client.give_up_when(partial(self._spoilt, number))

    def _spoilt(self, number: int) -> bool:
        self._learn(self.host('look', name=self.name))
        return self.seen[number].spoilt

    def say(self, move: Move, number: int) -> None:
        client = self.clients.get(number)
        if client is not None and not client.end:
            seen, asks = self.seen[number], move['asks']
            said = client.say(asks)
            seen.asked += asks[:said]

    def hear(self, move: Move, number: int) -> None:
        client, seen = self.clients.get(number), self.seen.get(number)
        if client is None or seen is None:
            return

        def content() -> bool:
            self._learn(self.host('look', name=self.name))
            seen.got, seen.raised = client.got, client.raised
            return not self.subject.judge(seen)
        client.hear(content)
        seen.heard = len(seen.asked)

    def leave(self, move: Move, number: int) -> None:
        client, seen = self.clients.get(number), self.seen.get(number)
        if client is None or seen is None:
            return
        if seen.heard == len(seen.asked) or move['how'] == 'half' and not self.subject.patient:
            self.hear({}, number)   # perhaps once more, as counting answers may have been wrong
        self.clients.pop(number)
        seen.left = move['how']
        client.leave(seen.left)
        seen.got, seen.end, seen.raised = client.got, client.end, client.raised

    def change(self, move: Move, fields: dict[str, Any]) -> None:
        if 'toxics' in fields:
            self._expose(any(toxic['type'] in CRUEL for toxic in fields['toxics']))
        self.host('change', name=self.name, fields=fields)

    def kill(self, move: Move, number: int | None) -> None:
        numbers = list(self.clients) if number is None else [number] if number in self.clients else []
        for each in numbers:
            self.seen[each].cut = True
            self.host('kill', name=self.name, port=self.clients[each].port)

    def reset(self, move: Move, value: bool) -> None:
        self._expose(False)
        self.host('reset', name=self.name)

    def flap(self, move: Move, value: bool) -> None:
        self._cut_all()
        self.host('flap', name=self.name)

    def remake(self, move: Move, value: bool) -> None:
        self._cut_all()
        self.cruel, self.remade = False, True
        self.port = self.host('remake', name=self.name)

    def wait(self, move: Move, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)

    def _expose(self, cruel: bool) -> None:
        """Note toxics that lose bytes; also taking them away may end sessions."""
        if cruel or self.cruel:
            self._cut_all()
        self.cruel = cruel

    def _cut_all(self) -> None:
        """Excuse all sessions, also those whose client has left: its last bytes may still be on their way."""
        for seen in self.seen.values():
            seen.cut = True


#: what each move of a schedule does, by the word that it is known by
MOVES: dict[str, Callable[[Player, Move, Any], None]] = {
    word: getattr(Player, word)
    for word in ('open', 'say', 'hear', 'leave', 'change', 'kill', 'reset', 'flap', 'remake', 'wait')
}


def balance(sessions: list[Seen], stats: dict[str, int]) -> list[str]:
    """Return which bytes are not accounted for; nothing can be told where not all of what came was read."""
    if any(seen.excused or seen.end in ('RST', 'silent') or seen.left == 'reset' or seen.unread or seen.spoilt or seen.dripping
           for seen in sessions):
        return []
    came = sum(len(seen.got) for seen in sessions)
    wrong = [] if came == stats['to_client'] else [f'{stats["to_client"]} bytes were sent to clients, and {came} have come']
    if not any(seen.faults for seen in sessions):
        wrong += [f'{stats[one]} bytes came {one}, and {stats[two]} went {two}'
                  for one, two in (('from_client', 'to_backend'), ('from_backend', 'to_client')) if stats[one] != stats[two]]
    return wrong
