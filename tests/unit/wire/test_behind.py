"""Sessions that catch up with changes: all of them, each once, in order, and never in the way of others for long."""
from typing import NamedTuple

import gevent
import pytest

from vaurien.net import breath
from vaurien.net.breath import PAUSE
from vaurien.wire import behind as behind_module
from vaurien.wire.behind import Behind


class Session(NamedTuple):
    number: int


SESSIONS = [Session(number) for number in range(10)]


@pytest.fixture
def told(monkeypatch):
    monkeypatch.setattr(behind_module, 'STEPS_AT_ONCE', 6)
    monkeypatch.setattr(breath, 'MAX_TURN', 0.0)
    return []


def numbers(told):
    return [session.number for session, _ in told]


def test_a_few_are_told_at_once(told):
    behind = Behind(lambda *what: told.append(what))
    behind.add(SESSIONS[:6], 'before', 1)
    assert told == [(session, 'before') for session in SESSIONS[:6]]
    behind.add(SESSIONS[:2], 'before', 3)
    assert numbers(told[6:]) == [0, 1]
    behind.wait()   # for none


def test_many_are_told_one_by_one_while_others_have_their_turn(told):
    behind = Behind(lambda *what: told.append(what))
    behind.add(SESSIONS, 'before', 3)
    assert numbers(told) == [0, 1]
    seen = set()
    while len(told) < 10:
        seen.add(len(told))
        gevent.sleep(PAUSE)
    behind.wait()
    assert numbers(told) == list(range(10))
    assert len(seen) > 4


def test_one_that_is_behind_has_more_to_catch_up_with_and_is_told_once(told):
    behind = Behind(lambda *what: told.append(what))
    behind.add(SESSIONS[:4], 'first', 6)
    behind.add(SESSIONS[:4], 'second', 6)
    behind.wait()
    assert told == [(SESSIONS[0], 'first'), (SESSIONS[1], 'first'), (SESSIONS[2], 'first'), (SESSIONS[3], 'first'),
                    (SESSIONS[0], 'second')]
