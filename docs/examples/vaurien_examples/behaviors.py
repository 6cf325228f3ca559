"""Behaviors, from one that does nothing to one with options, a state and a report."""
from gevent import sleep

from vaurien.behaviors import Behavior
from vaurien.behaviors.dummy import Dummy


@Behavior.register
class Nothing(Dummy):
    """Nothing happens."""

    name = 'nothing'


@Behavior.register
class Late(Dummy):
    """The request is late by a time that is drawn anew for each."""

    name = 'late'
    options = {'least': ("Seconds at least", float, 0.0),
               'most': ("Seconds at most", float, 1.0)}

    def on_before_handle(self, protocol, source, dest, to_backend):
        if to_backend:
            sleep(protocol.random(to_backend).uniform(self.option('least'), self.option('most')))
        return True


@Behavior.register
class EveryNth(Dummy):
    """Each time after some requests have passed, the connection is reset."""

    name = 'every-nth'
    inline = True       # it never waits
    reports = True      # it says itself when it acts
    options = {'n': ("Which request meets it: 3 is every third", int, 3)}

    def __init__(self, settings=None):
        super().__init__(settings)
        self.count = 0

    def on_before_handle(self, protocol, source, dest, to_backend):
        if not to_backend:
            return True
        self.count += 1
        if self.count % self.option('n'):
            return True
        protocol.session.injected(protocol.exchange(to_backend), '')
        source.reset()
        return False


@Behavior.register
class Half(Dummy):
    """Half of the response arrives, and then the end, as if the backend had died."""

    name = 'half'
    inline = True

    def on_before_handle(self, protocol, source, dest, to_backend):
        if to_backend:
            return True
        data = source.recv()
        dest.sendall(data[:len(data) // 2])
        source.close()
        return False
