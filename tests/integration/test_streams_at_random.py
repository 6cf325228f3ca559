"""Many streams on one connection of HTTP/2 at random: cut into frames, windows, kinds, texts and clients that leave.

Both ends are the library h2, which refuses what RFC 9113 does not allow. With ``VAURIEN_ALL_CASES=1`` there are many more rounds.
"""
import contextlib
import os
import time
from random import Random

import h2.settings
import pytest

from tests.support.event_peers import sse, streams
from tests.support.http2 import Client
from tests.support.proxied import between, entry
from tests.support.unit_of_time import MS, PATIENCE
from vaurien.protocols.http.events.failures import ERRORS, MALFORMED

ROUNDS = 150 if os.environ.get('VAURIEN_ALL_CASES') == '1' else 5
WINDOW = h2.settings.SettingCodes.INITIAL_WINDOW_SIZE
CODES = {'stream-cut': 2, 'stream-reset': 8}


def events(content):
    """Return the events in content."""
    return [event for event in content.split(b'\n\n') if b'data:' in event]


def slices(random, content):
    """Cut content at random, in at most some hundred pieces."""
    longest, pieces = max(random.choice((3, 40, 900, 20_000)), len(content) // 100), []
    while content:
        size = random.randint(1, longest)
        pieces, content = [*pieces, content[:size]], content[size:]
    return pieces


def wanted(kind, whole, after, text):
    """Return the events of a stream that has failed, and how it has ended: whether it did, and the code of its reset."""
    if kind == 'stream-error':
        return [*whole[:after], b'event: error\ndata: ' + text.encode()], True, None
    if kind == 'stream-malformed':
        return [*whole[:after], b'data: ' + MALFORMED.data.encode(), *whole[after:]], True, None
    return whole if kind in ('', 'stream-slow') else whole[:after], kind not in ('stream-stall', *CODES), CODES.get(kind)


@pytest.mark.parametrize('seed', range(ROUNDS))
def test_each_stream_is_what_its_kind_says_whatever_happens_to_the_others(daemon, seed):
    random = Random(seed)
    content = b''.join(sse(random.randint(9, 60), '{"n": %d, "t": "' + 'x' * random.choice((0, 10, 300, 3000)) + '"}'))
    whole, after, text = events(content), random.randint(0, 8), 'x' * random.choice((5, 5000, 70_000))
    mix = [entry('error', 10, kind=kind) for kind in ERRORS]
    window = random.choice((30, 100, 5000, 65_535, 200_000))
    with streams(*slices(random, content)) as backend, \
            between(daemon, f'random-{seed}', backend, 'http', mix,
                    protocol_settings={'stream_after': after, 'stream_rate': 2 / MS, 'stream_error': text}) as proxy, \
            Client(proxy.port, {WINDOW: window}) as client:
        asked = [client.ask(random.choice(('/chunked', '/counted'))) for _ in range(random.randint(5, 25))]
        left = leave(client, random.sample(asked, len(asked) // 6))
        over = wait(client, proxy, [stream for stream in asked if stream not in left], len(whole[:after]))
        for stream, kind in over.items():
            answer = client.answers[stream]
            assert (events(answer.body), answer.ended, answer.code) == wanted(kind, whole, after, text), (stream, kind)
            assert kind or answer.body == content
        assert (proxy.count('accepted'), proxy.unread) == (1, [])


def leave(client, streams_):
    """Reset streams, one after the other as more comes, and return which."""
    for stream in streams_:
        with contextlib.suppress(TimeoutError):
            client.until(lambda: False, 5 * MS)
        if not client.answers[stream].over:
            client.h2.reset_stream(stream, 8)
            client.flush()
    return set(streams_)


def wait(client, proxy, asked, first):
    """Wait until streams are over, or have stalled; return the kind of what has happened to each, empty: nothing."""
    deadline = time.monotonic() + PATIENCE
    while True:
        kinds = {2 * fault.exchange - 1: fault.kind for fault in proxy.faults}
        stalled = {stream for stream in asked
                   if kinds.get(stream) == 'stream-stall' and len(events(client.answers[stream].body)) >= first}
        if all(client.answers[stream].over or stream in stalled for stream in asked):
            return {stream: kinds.get(stream, '') for stream in asked}
        assert time.monotonic() < deadline, kinds
        with contextlib.suppress(TimeoutError):
            client.until(lambda: all(client.answers[stream].over for stream in asked), 50 * MS)
