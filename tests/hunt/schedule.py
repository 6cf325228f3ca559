"""Makes schedules: one seed, one list of moves, all of it data that can be written as JSON. Knows no socket.

======================================= ====================================================================================
move                                    what is done
======================================= ====================================================================================
``{"open": 1, "as": "raw"}``            session 1 connects; whatever else is in it is for the subject
``{"say": 1, "asks": [...]}``           session 1 asks these
``{"hear": 1}``                         session 1 reads until all it has asked is answered
``{"leave": 1, "how": "close"}``        session 1 closes its connection; how: see ``subject.Client.leave``
``{"change": {"mix": [...], ...}}``     the proxy is changed: ``mix``, ``toxics``
``{"kill": 1}``                         session 1 is aborted; null: all are
``{"reset": true}``                     the proxy becomes what it was created as
``{"flap": true}``                      it is disabled and enabled again
``{"remake": true}``                    it is removed, and one of the same name is created
``{"wait": 5}``                         milliseconds pass
======================================= ====================================================================================

Any move may be left out: what a session does that was never opened is not done, and one that has not left does so at the end.
"""
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from .subject import Subject

Move = dict[str, Any]
Schedule = dict[str, Any]

MAX_SESSIONS = 6    #: of one schedule
#: behaviors: how often each is in a mix, of how many requests it takes its share [percent] at most, and its settings
BEHAVIORS: dict[str, tuple[int, float, Callable[[Random, Subject], dict[str, Any]]]] = {
    'error': (8, 40, lambda random, subject: kind(random, subject)),
    'delay': (5, 40, lambda random, subject: {'sleep': random.choice((0.0, 0.001, 0.005)), 'before': random.random() < 0.7}),
    'transient': (2, 40, lambda random, subject: {**kind(random, subject), 'agitate': 3, 'warmup': random.randrange(3)}),
    'hang': (2, 4, lambda random, subject: {}),
    'blackout': (2, 4, lambda random, subject: {}),
    'abort': (2, 4, lambda random, subject: {}),
    'dummy': (1, 50, lambda random, subject: {}),
}
#: toxics that lose nothing
KIND: dict[str, Callable[[Random], dict[str, Any]]] = {
    'latency': lambda random: {'latency': random.randint(0, 4), 'jitter': random.randint(0, 4)},
    'bandwidth': lambda random: {'rate': random.randint(1_000, 100_000)},
    'slicer': lambda random: {'average_size': random.choice((30, 200, 1_000)), 'size_variation': random.randrange(2)},
    'slow_close': lambda random: {'delay': random.randint(0, 10)},
    'slow_open': lambda random: {'delay': random.randint(0, 10)},
    'noop': lambda random: {},
}
#: toxics that do: nothing is sure to be answered any more, but what is has to be right
CRUEL: dict[str, Callable[[Random], dict[str, Any]]] = {
    'timeout': lambda random: {'timeout': random.randint(1, 20)},
    'limit_data': lambda random: {'bytes': random.randint(0, 500)},
    'limit_time': lambda random: {'time': random.randint(0, 20)},
    'reset_peer': lambda random: {'timeout': random.randint(0, 10)},
}


def make(subject: Subject, seed: int) -> Schedule:
    """Make the schedule of a seed."""
    random = Random(f'{subject.name}/{seed}')
    sessions = [list(session(subject, random, number, f'{seed}x{number}')) for number in range(random.randint(1, MAX_SESSIONS))]
    moves = list(merged(random, sessions))
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        moves.insert(random.randint(0, len(moves)), change(random, subject, len(sessions)))
    first = {'mix': mix(random, subject)} if random.random() < 0.85 else {}
    if random.random() < 0.3:
        first['toxics'] = toxics(random)
    return {'protocol': subject.name, 'seed': seed, 'moves': [{'change': first}, *moves]}


def session(subject: Subject, random: Random, number: int, word: str) -> Iterator[Move]:
    """Make the moves of one session."""
    opening, says = subject.plan(random, word)
    yield {'open': number, **opening}
    for asks in says:
        yield {'say': number, 'asks': asks}
        if random.random() < 0.7:
            yield {'hear': number}
    if random.random() < 0.95:
        yield {'hear': number}
    yield {'leave': number, 'how': random.choice(('close', 'close', 'half', 'reset'))}


def merged(random: Random, sessions: list[list[Move]]) -> Iterator[Move]:
    """Mix sessions, each in its order, two or three at the same time mostly."""
    waiting, open_ = list(sessions), list[list[Move]]()
    while waiting or open_:
        if waiting and (not open_ or len(open_) < 4 and random.random() < 0.3):
            open_.append(waiting.pop(0))
        moves = random.choice(open_)
        yield moves.pop(0)
        open_ = [left for left in open_ if left]


def change(random: Random, subject: Subject, sessions: int) -> Move:
    """Make one change at a random moment."""
    dice = random.random()
    if dice < 0.4:
        return {'change': {'mix': mix(random, subject)}}
    if dice < 0.65:
        return {'change': {'toxics': toxics(random)}}
    if dice < 0.75:
        return {'wait': random.randint(1, 10)}
    if dice < 0.85:
        return {'kill': random.choice((None, *range(sessions)))}
    return {random.choice(('reset', 'flap', 'remake')): True}


def mix(random: Random, subject: Subject) -> list[dict[str, Any]]:
    """Make a mix of some behaviors; sometimes none."""
    names = random.choices(list(BEHAVIORS), [often for often, _, _ in BEHAVIORS.values()], k=random.choice((0, 1, 1, 2, 3)))
    found, left = [], 100.0
    for name in names:
        _, most, settings = BEHAVIORS[name]
        percent = min(left, round(random.uniform(1, most), 1))
        left -= percent
        found.append({'name': name, 'percent': percent, 'settings': settings(random, subject)})
    return found


def kind(random: Random, subject: Subject) -> dict[str, Any]:
    """Make the settings of an error."""
    if subject.lossy and random.random() < 0.1:
        return {'inject': True}
    return {'kind': random.choice(subject.kinds)} if subject.kinds and random.random() < 0.7 else {}


def toxics(random: Random) -> list[dict[str, Any]]:
    """Make the toxics of a proxy: mostly those that lose nothing, sometimes none at all."""
    table = {**KIND, **CRUEL} if random.random() < 0.25 else KIND
    return [{'type': name, 'stream': random.choice(('upstream', 'downstream')), 'attributes': table[name](random),
             'toxicity': random.choice((1.0, 0.5))} for name in random.sample(sorted(table), random.choice((0, 1, 1, 2)))]
