"""Counts of workers as rows, and their sums."""
from vaurien.proxies.stats import Stats
from vaurien.proxies.unapplied import Unapplied
from vaurien.words.uses import MAX_NAMES
from vaurien.workers.counts import FIELDS, Sums
from vaurien.workers.frames import Row


class Use:
    """What counts an entry of the mix."""

    def __init__(self):
        self.chosen = self.unmatched = self.applied = 0
        self.names = {}


def row(accepted=0, serial=1, sessions=0, **more):
    return Row('one', serial, 1, sessions, [accepted, *[0] * (len(FIELDS) - 1)], **more)


def sums():
    return Sums(Stats(), Unapplied())


def test_what_grows_is_added_and_what_began_anew_too():
    found = sums()
    for worker, one in ((1, row(5)), (2, row(1)), (1, row(7)), (1, row(2, serial=2))):
        found.add(worker, one, [])
    assert (found._stats.accepted, found.accepted(1), found.accepted(3)) == (10, 2, 0)


def test_faults_and_uses_of_all_are_added():
    found, use = sums(), Use()
    found.add(1, row(faults=[('error', 'busy', 2)], uses=[(0, 3, 1, 2, ['GET a'])]), [use])
    found.add(2, row(faults=[('error', 'busy', 1)], uses=[(0, 1, 0, 1, [f'GET {at}' for at in range(MAX_NAMES)])]), [use])
    found.add(1, row(faults=[('error', 'busy', 4)], uses=[(0, 5, 2, 3, ['GET a'])]), [use])
    assert dict(found._stats.faults) == {('error', 'busy'): 5}
    assert (use.chosen, use.unmatched, use.applied, len(use.names)) == (6, 2, 4, MAX_NAMES)


def test_uses_of_a_mix_that_was_are_not_those_of_the_one_that_is():
    found, use = sums(), Use()
    found.add(1, row(uses=[(0, 3, 1, 2, []), (1, 3, 1, 2, [])]), [use])
    assert (use.chosen, use.unmatched, use.applied) == (0, 0, 0)


def test_sessions_that_are_relayed_unread_are_those_that_are_there():
    found = sums()
    found.add(1, row(sessions=2, unread=[('TLS', 2, 2)]), [])
    found.add(2, row(sessions=1, unread=[('TLS', 3, 1)]), [])
    assert [(one.reason, one.sessions, one.open) for one in found.unread()] == [('TLS', 5, 3)]
    assert found.lose(1) == 2
    assert [(one.reason, one.sessions, one.open) for one in found.unread()] == [('TLS', 5, 1)]
