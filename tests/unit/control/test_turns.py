"""Requests begin one after the other, with everything else in between."""
from contextlib import nullcontext

import gevent
import pytest
from gevent.event import Event

from vaurien.control import turns as turns_module
from vaurien.control.surface import Refusal
from vaurien.control.turns import Turns
from vaurien.net.breath import PAUSE


def test_between_two_requests_everything_else_has_its_turn():
    turns, seen = Turns(), []

    def request(number):
        with turns.wait(nullcontext()):
            seen.append(number)

    def other():
        while len(seen) < 5:
            seen.append('other') if seen and seen[-1] != 'other' else None
            gevent.sleep(0)
    gevent.joinall([gevent.spawn(other), *(gevent.spawn(request, number) for number in range(3))], raise_error=True)
    assert seen[:5] == [0, 'other', 1, 'other', 2]


def test_only_so_many_are_under_way_and_only_so_many_wait(monkeypatch):
    monkeypatch.setattr(turns_module, 'MAX_UNDER_WAY', 2)
    monkeypatch.setattr(turns_module, 'MAX_WAITING', 3)
    turns, begun, end = Turns(), [], Event()

    def request(number):
        with turns.wait(nullcontext()):
            begun.append(number)
            end.wait()
    requests = [gevent.spawn(request, number) for number in range(2)]
    while len(begun) < 2:
        gevent.sleep(PAUSE)
    requests += [gevent.spawn(request, number) for number in range(2, 5)]
    gevent.sleep(PAUSE)
    with pytest.raises(Refusal, match='503: 3 requests wait already'), turns.wait(nullcontext()):
        pass
    requests[2].kill()      # one that waits leaves nothing behind
    assert begun == [0, 1]
    end.set()
    gevent.joinall(requests, raise_error=True)
    assert begun == [0, 1, 3, 4]
    with turns.wait(nullcontext()):
        assert turns._room.counter == 1
    assert turns._room.counter == 2
