"""The check of toxics: every built-in one passes it, and each rule is broken by a toxic that is told so in one line."""
import contextlib
import random

import gevent
import pytest

from vaurien.conformance import check_toxic
from vaurien.errors import RegistrationError
from vaurien.toxics import TOXICS, Toxic


@pytest.mark.parametrize('name', TOXICS.names())
def test_built_in_toxic_keeps_its_contract(name):
    check_toxic(TOXICS.get(name))


def pipe(work):
    """Let a toxic work like this; what the function returns is its result."""
    return {'pipe': lambda self, chunks, send: work(self, chunks, send)}


def deaf(self, chunks, send):
    for _ in range(3):
        with contextlib.suppress(gevent.GreenletExit):
            gevent.sleep(3600)


def impatient(self, chunks, send):
    while True:
        with contextlib.suppress(EOFError):
            chunks.get()


def elsewhere(self, chunks, send):
    gevent.spawn(send, b'x').join()


def bad_only_when_called_anew(self, chunks, send):
    self.calls = getattr(self, 'calls', 0) + 1
    if self.calls > 1:
        raise KeyError
    for chunk in chunks:
        send(chunk)


BAD = {
    'it can be made': {'__init__': lambda self, settings, link, shared: 1 / 0},
    'docstring': {'__doc__': None},
    'opens is True or False': {'opens': 1},
    'ends_when_removed is True or False': {'ends_when_removed': None},
    "option 'x' has a description": {'options': {'x': ('', int, 1)}},
    "the default of option 'x' is a value of its type": {'options': {'x': ('An x', str.upper, 'a')}},
    "no option is called 'stream'": {'options': {'stream': ('A stream', int, 1)}},
    'queue is a number of bytes': {'queue': 0},
    'pipe takes': {'pipe': lambda self, chunks: None},
    'opening_delay returns a number': {'opening_delay': classmethod(lambda cls, settings: -1)},
    'opening_delay raises nothing': {'opening_delay': classmethod(lambda cls, settings: settings['x'])},
    'pipe raises nothing': pipe(lambda self, chunks, send: 1 / 0),
    'pipe raises nothing; it raised EOFError': pipe(lambda self, chunks, send: [chunks.get() for _ in range(5)]),
    'pipe raises nothing; it raised KeyError': pipe(bad_only_when_called_anew),
    'pipe ends where it waits': pipe(deaf),
    'pipe ends once the stream has ended': pipe(impatient),
    'pipe sends bytes or chunks': pipe(lambda self, chunks, send: send('text')),
    'only the greenlet that pipe is called in sends': pipe(elsewhere),
    'drawn from self.link.random': pipe(lambda self, chunks, send: random.random()),
    'settings are never written': {'options': {'x': ('An x', int, 1)},
                                   **pipe(lambda self, chunks, send: self.settings.update(x=2))},
}


@pytest.mark.parametrize('rule', BAD)
def test_toxic_that_breaks_a_rule_is_told_which(rule):
    cls = type('Bad', (Toxic,), {'name': 'bad', '__doc__': 'It is bad.', **BAD[rule]})
    with pytest.raises(AssertionError, match=f'Bad breaks the rule: .*{rule}') as told:
        check_toxic(cls)
    assert '\n' not in str(told.value)


def test_toxic_that_cannot_be_registered_is_told_by_the_registry():
    with pytest.raises(RegistrationError, match='not derived from'):
        check_toxic(type('Odd', (), {'name': 'odd', 'options': {}}))
