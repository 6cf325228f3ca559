"""From a configuration to a fleet with workers, which tells them when it is read again."""
import os
from contextlib import ExitStack

import msgspec
import pytest

from tests.support.hosting import hosted
from tests.support.played_workers import InLoop, Played
from vaurien.config import configure
from vaurien.errors import ConfigError
from vaurien.proxies.fleet import Fleet
from vaurien.workers.mirror import Mirror
from vaurien.workers.starting import make_fleet, open_nursery, settled


@pytest.fixture
def host():
    with hosted() as running:
        yield running


def configured(*words):
    return configure(['--backend', '127.0.0.1:1', '--proxy', '127.0.0.1:0', *words])


def test_0_is_as_many_as_there_are_cores(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: {0, 1, 5}, raising=False)
    assert settled(configured('--workers', '0')).spec.workers == 3
    assert settled(configured('--workers', '2')).spec.workers == 2


def test_one_is_forked_from_nothing_and_what_takes_one_is_refused_before_anything_is_forked(monkeypatch):
    monkeypatch.setattr(os, 'fork', None)
    with ExitStack() as ending:
        assert open_nursery(configured(), ending, lambda number, stack: None) is None
        with pytest.raises(ConfigError, match='--workers 1'):
            open_nursery(configured('--workers', '2', '--otel'), ending, lambda number, stack: None)


def test_without_a_nursery_it_is_a_fleet_of_its_own():
    configuration = configured('--seed', '5')
    fleet, same = make_fleet(configuration, None)
    assert (type(fleet), fleet.seed, same is configuration) == (Fleet, 5, True)


def test_a_configuration_that_is_read_again_is_read_by_all_workers(host):
    read, nursery = [], InLoop(lambda: read.append(1))
    configuration = configured('--workers', '2')
    configuration = configuration._replace(again=lambda: configuration._replace(
        spec=msgspec.structs.replace(configuration.spec, workers=0)))
    fleet, changed = host.call(lambda: make_fleet(configuration, nursery))
    assert (type(fleet), len(fleet.workers)) == (Mirror, 2)
    again = host.call(changed.again)
    assert (len(read), again.spec.workers > 0) == (2, True)
    host.call(fleet.close)


def test_one_that_cannot_be_made_ends_those_that_were(host, monkeypatch):
    played = Played()
    fork = played.fork

    def failing(number):
        if number == 2:
            raise OSError(0, 'no process can be made')
        return fork(number)
    monkeypatch.setattr(played, 'fork', failing)
    with pytest.raises(OSError, match='no process can be made'):
        host.call(lambda: make_fleet(configured('--workers', '2'), played))
    assert played.channels[1]._sock.fileno() == -1
