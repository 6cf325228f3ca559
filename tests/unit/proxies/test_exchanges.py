"""Who is handed what: records that are still to be made only to one who asked for that and follows alone."""
from vaurien.proxies.exchanges import Exchanges


def test_records_are_made_later_only_for_one_who_follows_alone():
    exchanges, first, second, whole = Exchanges(), [].append, [].append, [].append
    exchanges.follow(first, None, whole)
    assert exchanges.later is whole
    exchanges.follow(second)
    assert exchanges.later is None
    exchanges.unfollow(first)
    assert exchanges.later is None
    exchanges.follow(first, None, whole)
    exchanges.unfollow(second)
    assert exchanges.later is whole
    exchanges.unfollow(first)
    assert (exchanges.later, exchanges.followed) == (None, False)
