"""What of a mix was applied, told by two looks at a proxy. Asks no control server."""
from vaurien.testing.unused import AskedMix, Unused


def view(*uses, exchanges=0, unread=()):
    return {'name': 'db', 'stats': {'exchanges': exchanges}, 'uses': list(uses), 'unread': list(unread)}


def use(number=1, percent=100.0, current=True, **counts):
    return {'number': number, 'behavior': 'error', 'percent': percent, 'settings': {}, 'current': current, 'chosen': 0,
            'unmatched': 0, 'applied': 0, 'names': [], **counts}


def test_what_was_applied_before_it_was_asked_for_does_not_count():
    before = view(use(applied=3, chosen=3), exchanges=3)
    asked = AskedMix(before, before)
    assert asked.unused(before).certain == ('error of db was asked for and never applied: no request came',)
    assert asked.unused(view(use(applied=4, chosen=4), exchanges=4)) == Unused()


def test_only_what_is_in_the_mix_was_asked_for():
    after = view(use(1, current=False), use(2))
    assert len(AskedMix(view(use(1)), after).unused(after).certain) == 1


def test_what_was_likely_is_told_apart_from_what_was_certain():
    asked = AskedMix(None, view(use(1, 50.0)))
    assert asked.unused(view(use(1, 50.0), exchanges=9)) == Unused()
    likely = asked.unused(view(use(1, 50.0, chosen=9, names=['GET a']), exchanges=9))
    assert (len(likely.certain), len(likely.likely)) == (0, 1)


def test_what_the_proxy_has_forgotten_is_not_complained_about():
    assert AskedMix(None, view(use(1))).unused(view(use(70))) == Unused()


def test_sessions_that_have_been_unread_since_before_are_told_of_while_they_are_open():
    unread = {'reason': 'TLS begins', 'sessions': 1, 'open': 1}
    before = view(use(), unread=[unread])
    asked = AskedMix(before, before)
    assert asked.unused(before).certain[0].endswith('1 session was relayed unread: TLS begins')
    assert asked.unused(view(use(), unread=[{**unread, 'open': 0}])).certain[0].endswith('no request came')
