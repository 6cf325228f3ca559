"""The journal: bounded, numbered, and told to those who follow."""
from vaurien.proxies.journal import Journal


def filled(count: int, kept: int = 10_000) -> Journal:
    journal = Journal(kept)
    for number in range(count):
        journal.add('even' if number % 2 else 'odd', 1, number, 'error', 'kind', 'GET x')
    return journal


def test_faults_are_numbered_from_1_and_returned_oldest_first():
    faults = list(filled(3).since())
    assert [(fault.id, fault.proxy, fault.exchange) for fault in faults] == [(1, 'odd', 0), (2, 'even', 1), (3, 'odd', 2)]


def test_since_leaves_out_what_is_known_and_other_proxies():
    journal = filled(6)
    assert [fault.id for fault in journal.since(3)] == [4, 5, 6]
    assert [fault.id for fault in journal.since(2, 'even')] == [4, 6]


def test_only_the_newest_are_kept_and_all_are_counted():
    journal = filled(25, kept=10)
    assert [fault.id for fault in journal.since()] == list(range(16, 26))
    assert journal.count == 25


def test_clear_forgets_and_numbers_go_on():
    journal = filled(2)
    journal.clear()
    assert list(journal.since()) == []
    assert journal.add('p', 1, 1, 'hang', '', '').id == 3


def test_followers_hear_of_each_fault():
    journal, heard = Journal(), []
    journal.follow(heard.append)
    fault = journal.add('p', 1, 1, 'hang', '', '')
    assert heard == [fault]


def test_a_follower_that_leaves_takes_no_fault_from_the_next_one():
    journal, heard = Journal(), []

    def leaves(fault):
        journal.unfollow(leaves)
    journal.follow(leaves)
    journal.follow(heard.append)
    for number in (1, 2):
        journal.add('p', 1, number, 'hang', '', '')
    assert [fault.exchange for fault in heard] == [1, 2]
    assert journal.followers == (heard.append,)
