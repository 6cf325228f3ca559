"""What tests of explore are made of: exchanges, tests and points, in a few words."""
from vaurien.explore.model.faults import Point, kinds_of
from vaurien.explore.model.records import Tested
from vaurien.explore.model.sites import Known, places
from vaurien.protocols import Protocol
from vaurien.relay.recording.records import Exchanged

PROTOCOL = 'redis'


def known(protocol=PROTOCOL, names=None):
    return Known({'p': Protocol.get(protocol).effects}, names or {})


def ask(name, answer='ok', code='', fault='', at=0.0, session=1, digest=None, stage='command', number=1, seconds=0.0, key=''):
    """One exchange; its payload is its name where nothing else is said."""
    shape = Protocol.get(PROTOCOL).shape(name)
    return Exchanged(at, 'p', session, number, name, shape, '' if fault else answer, seconds, 1, 1,
                     name if digest is None else digest, fault and f'error/{fault}', 't', code, stage, key)


def ended(*exchanges, outcome='passed', name='t', errors=(), seconds=1.0, **more):
    """A test with exchanges that come one after the other where they do not say when."""
    timed = [one if one.time else ask_at(one, float(number)) for number, one in enumerate(exchanges, 1)]
    return Tested(name, outcome, seconds, tuple(tuple(types) for types in errors), '', tuple(timed), **more)


def ask_at(exchange, at):
    fields = {name: getattr(exchange, name) for name in exchange.__struct_fields__}
    return Exchanged(**{**fields, 'time': at})


def point(base, category, mode='once', at=0, protocol=PROTOCOL, about=None):
    """The point at one request of a test in a clean run."""
    about = about or known(protocol)
    return Point(places(base, about)[at], category, mode, kinds_of(protocol, category, mode))


def greet(name='', fault='', answer='ok', at=0.0, session=1):
    """One handshake of TLS; with a fault it is answered where that was not seen through."""
    named = f'handshake {name}'.strip()
    return Exchanged(at, 'p', session, 0, named, named, answer, 0.0, 1, 1, '', fault and f'error/{fault}', 't', '', 'handshake')
