"""One stream of a hundred fails in each way, in sessions of a random order; the other 99 are compared byte by byte.

``make streams`` plays 1,000 sessions, the suite some of them.
"""
import contextlib
import os

import pytest

from tests.support.http2_cases.words import END_STREAM
from tests.support.http2_round import STREAMS, Round
from tests.support.peers import connect, listener
from tests.support.processes import HOST
from tests.support.proxied import SEED, between, entry
from tests.support.unit_of_time import MS, PATIENCE

ROUNDS = int(os.environ.get('VAURIEN_STREAM_ROUNDS', '1'))     #: of each way
CALL = ('content-type', 'application/grpc'), ('te', 'trailers')
ODD = '/odd'


def way(name, waits=True, call=False, **settings):
    """Return a way in which a stream fails: the entry, whether something comes of it, and whether it is a call of gRPC."""
    return entry(name, 100, match=f'{ODD}$', **settings), waits, call


STATUSES = {kind: (int(kind), None) for kind in ('500', '501', '502', '503', '504', '429')}
CODES = {'refused-stream': 7, 'internal-error': 2, 'enhance-your-calm': 11, 'cancel': 8, 'http11-required': 13, 'reset': 2,
         'mid-reset': 2, 'mid-cancel': 8, 'lost-reply': 2, 'half-reply': 2}
CALLS = ('grpc-unavailable', 'grpc-aborted', 'grpc-http-503', 'grpc-no-status', 'grpc-half-message', 'grpc-cut',
         'grpc-retry-pushback')
WAYS = {
    **{kind: way('error', kind=kind) for kind in (*STATUSES, *CODES, 'truncated')},
    **{kind: way('error', kind=kind, call=True) for kind in CALLS},
    'no-end-stream': way('error', False, kind='no-end-stream'),
    'abort': way('abort'), 'blackout': way('blackout'), 'hang': way('hang', False),
    'late request': way('delay', sleep=10 * MS), 'late response': way('delay', sleep=10 * MS, before=False),
}


@pytest.mark.parametrize('name', WAYS)
def test_one_stream_of_a_hundred_fails_and_the_bytes_of_all_others_are_the_same(daemon, name):
    mix, waits, call = WAYS[name]
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listener(HOST))
        listening.settimeout(PATIENCE)
        address = '{}:{}'.format(*listening.getsockname())
        proxy = stack.enter_context(between(daemon, f'rounds {name}'.replace(' ', '-'), address, 'http', [mix]))
        for number in range(ROUNDS):
            with connect(proxy.port) as client, listening.accept()[0] as backend:
                played = Round(client, backend, SEED + number, (37 * number + 11 * list(WAYS).index(name)) % STREAMS, ODD,
                               *(CALL if call else ()))
                played.play(waits)
                played.check()
                fails_as_it_should(name, played)
        assert proxy.count('faults') == ROUNDS
        assert proxy.unread == []


def fails_as_it_should(name, played):
    """Look at what has come of the odd stream."""
    odd, code = played.client.got.get(played.odd, []), played.client.reset.get(played.odd)
    ended = any(flags & END_STREAM for _, flags, _ in odd)
    if name in CODES or name in ('abort', 'blackout'):
        assert (code, ended) == (CODES.get(name, {'abort': 2, 'blackout': 8}.get(name)), False)
    elif name in STATUSES:
        assert dict(odd[0][2])[b':status'] == name.encode()
        assert ended
    elif name.startswith('late '):
        number = next(number for number, own in played.numbers.items() if own == played.odd)
        assert odd == played.backend.messages[number].sent
        assert played.backend.got[number] == played.client.messages[played.odd].sent
    else:
        assert (code, ended) == (None, name not in ('no-end-stream', 'hang'))
