"""What is done to the fleet while it works: mixes, toxics, other changes, proxies that come and go. Knows the HTTP API only."""
from collections.abc import Callable
from random import Random
from typing import Any

from vaurien.client import Client, RefusedError

from .talks import FAULT, TALKS, Talk

#: behaviors, and what they are told
BEHAVIORS: dict[str, dict[str, Any]] = {
    'dummy': {}, 'delay': {'sleep': 0.01}, 'error': {}, 'hang': {}, 'blackout': {}, 'abort': {}, 'transient': {},
}
#: toxics that lose nothing: no byte may be missing behind them
KIND: dict[str, Callable[[Random], dict[str, Any]]] = {
    'latency': lambda random: {'latency': random.randint(0, 10), 'jitter': random.randint(0, 5)},
    'bandwidth': lambda random: {'rate': random.randint(2_000, 50_000)},
    'slicer': lambda random: {'average_size': random.randint(50, 5_000), 'size_variation': 40},
    'slow_close': lambda random: {'delay': random.randint(0, 20)},
    'slow_open': lambda random: {'delay': random.randint(0, 20)},
    'noop': lambda random: {},
}
#: those that do
CRUEL: dict[str, Callable[[Random], dict[str, Any]]] = {
    'timeout': lambda random: {'timeout': random.randint(10, 200)},
    'limit_data': lambda random: {'bytes': random.randint(0, 20_000)},
    'reset_peer': lambda random: {'timeout': random.randint(0, 100)},
    'packet_loss': lambda random: {'loss_rate': 0.1},
}


def calm(talk: Talk) -> str:
    """Return the name of the proxy whose clients are served to the last byte, but for requests that say ``FAULT``."""
    return f'{talk.protocol}-calm'


def wild(talk: Talk) -> str:
    """Return the name of the proxy where anything may happen."""
    return f'{talk.protocol}-wild'


class Mischief:
    """Changes the fleet, one random thing after another.

    Args:
        client: The control server's.
        random: Where all chance comes from.
        backends: Where the servers are, by protocol.
    """

    def __init__(self, client: Client, random: Random, backends: dict[str, str]) -> None:
        self.client, self.random, self.backends = client, random, backends
        self.done = 0
        self._extra = 0

    def set_up(self) -> None:
        """Make the proxies."""
        for talk in TALKS:
            for name in (calm(talk), wild(talk)):
                self.client.create(name, proxy='127.0.0.1:0', backend=self.backends[talk.protocol], protocol=talk.protocol,
                                   timeout=5.0)

    def calm_down(self) -> None:
        """Take all of it back."""
        for talk in TALKS:
            for name in (calm(talk), wild(talk)):
                self.client.change(name, mix=[], toxics=[], enabled=True)

    def once(self) -> None:
        """Do one thing."""
        talk = self.random.choice(TALKS)
        often, seldom = (self.mix, self.toxics), (self.flap, self.kill, self.come_and_go, self.look)
        self.random.choice((*often, *often, *seldom))(talk)
        self.done += 1

    def mix(self, talk: Talk) -> None:
        name = self.random.choice((calm(talk), wild(talk)))
        match = {'match': FAULT} if name == calm(talk) else {}
        if match and not talk.names:
            return
        chosen = self.random.sample(sorted(BEHAVIORS), 3)
        entries = [{'name': entry, 'percent': self.random.randint(0, 33), 'settings': {**BEHAVIORS[entry], **match}}
                   for entry in chosen]
        self.client.change(name, mix=entries)

    def toxics(self, talk: Talk) -> None:
        name = self.random.choice((calm(talk), wild(talk)))
        table = KIND if name == calm(talk) else {**KIND, **CRUEL}
        chosen = self.random.sample(sorted(table), self.random.randint(0, 2))
        self.client.change(name, toxics=[
            {'type': entry, 'stream': self.random.choice(('upstream', 'downstream')), 'attributes': table[entry](self.random),
             'toxicity': self.random.choice((1.0, 0.5))} for entry in chosen])

    def flap(self, talk: Talk) -> None:
        self.client.disable(wild(talk))
        self.client.enable(wild(talk))

    def kill(self, talk: Talk) -> None:
        self.client.kill_all(wild(talk))

    def come_and_go(self, talk: Talk) -> None:
        self._extra += 1
        name = f'extra-{self._extra}'
        self.client.create(name, proxy='127.0.0.1:0', backend=self.backends[talk.protocol], protocol=talk.protocol)
        self.client.remove(name)

    def look(self, talk: Talk) -> None:
        self.client.stats()
        self.client.sessions(wild(talk))
        self.client.faults(since=max(0, self.client.last_fault() - 10))
        try:
            self.client.change(calm(talk), mix=[{'name': 'nothing like it'}])
        except RefusedError:
            return
        raise AssertionError('an unknown behavior was accepted')
