"""Reports in a few words, for the tests of the forms that they are written in."""
from vaurien.explore.report.document import Asked, Baseline, Document, Found, Place, Tried, Unstable

ODD = '<b>&"\'\x00'     #: what no form may take for its own


def place(site='RPUSH jobs', test='test_a.py::test_b', file='test_a.py', line=7, **more):
    asked = (Asked(0.0, 0.01, 'redis', 1, 'RPUSH jobs', '', 'lost-reply'), Asked(0.5, 0.02, 'redis', 2, f'GET {ODD}', 'ok', ''))
    values = {'kind': 'lost-reply', 'detail': 'response lost, then done twice', 'outcome': 'failed', 'seconds': 0.52,
              'output': f'AssertionError: {ODD}', 'again': '', 'asked': asked, 'before': 3, 'after': 1, **more}
    return Place(site, test, file, line, **values)


def finding(*places, verdict='double-effect', level='FAIL', letter='C', mode='once', accepted=False):
    some = places or (place(),)
    again = "vaurien run --fault 'redis: RPUSH jobs = lost-reply' -- pytest"
    return Found(verdict, level, 'redis', letter, mode, ('lost-reply',), tuple(one.site for one in some),
                 tuple(one.test for one in some), some[0].detail, again, accepted, some)


def report(*findings, ended='', baseline=True, tried=(), unstable=()):
    about = Baseline(4, (1.0, 1.1), 20, 6, {f'test_{ODD}': 'skipped'}, ()) if baseline else None
    command = 'pytest', 'tests', ODD
    return Document(1, '3.0', command, 1, ended, about, findings, unstable, 21, 0, 2, 0, 0, 24, 39.0, tried=tried)


def tried(site='RPUSH jobs', letter='C', mode='once', outcome=('double-effect',), test='test_a.py::test_b'):
    return Tried('redis', 'command', site, letter, mode, test, outcome)


def unsure():
    return Unstable('hang', 'redis', 'D', 'once', f'GET {ODD}', 'test_a.py::test_c')
