"""Recorded conversations, their requests repeated into pipelines, damaged and sliced at random: a run says what a scan says.

``VAURIEN_FUZZ_RUNS`` says how many there are, ``VAURIEN_FUZZ_SEED`` which: ``make fuzz-runs``.
"""
import os
from random import Random

import pytest

from tests import corpus
from tests.support.framing import BACKEND, CLIENT, Dialogue, Turn, randomly, replay, shown, whole
from vaurien.protocols import Protocol

PROTOCOLS = 'redis', 'memcache', 'http', 'mysql', 'postgres', 'smtp'
INPUTS = int(os.environ.get('VAURIEN_FUZZ_RUNS', '1200'))
SEED = os.environ.get('VAURIEN_FUZZ_SEED', '7')
LATEST = 10     #: [turns] of a conversation that are kept
LONGEST = 4096  #: [bytes] of a turn that is repeated
DEEPEST = 300   #: [bytes] into a turn up to which it is damaged


def made(random: Random, conversation: list[Turn]) -> list[Turn]:
    """Return the beginning of a conversation, some of it repeated, and perhaps damaged."""
    turns = conversation[:random.randint(2, LATEST)]
    for at in range(len(turns) - 1, 0, -1):
        asked, answered = turns[at - 1], turns[at]
        if (asked[0], answered[0]) == (CLIENT, BACKEND) and len(asked[1]) + len(answered[1]) < LONGEST and random.random() < 0.5:
            times = random.choice((1, 2, 3, 16, 60))
            turns[at + 1:at + 1] = [(CLIENT, asked[1] * times), (BACKEND, answered[1] * times)]
    if random.random() < 0.6:
        which = random.randrange(len(turns))
        sender, data = turns[which]
        at = random.randint(0, min(len(data), DEEPEST))
        piece = random.choice((b'\r\n', b'\n', b' ', b'0', b'$', b'', random.randbytes(random.randint(1, 3))))
        turns[which] = sender, data[:at] + piece + data[at + random.randint(0, 3):]
    return turns


def outcome(dialogue: Dialogue) -> tuple[object, ...]:
    """Return all that has to be the same."""
    return shown(dialogue, True), dialogue.tail, {who: bool(why) for who, why in dialogue.opaque.items()}


@pytest.mark.parametrize('name', PROTOCOLS)
def test_a_run_says_what_a_scan_says(name: str) -> None:
    random, cls = Random(f'{SEED}/{name}'), Protocol.get(name)
    conversations = list(corpus.conversations(name).values())
    for _ in range(INPUTS // len(PROTOCOLS)):
        turns = made(random, random.choice(conversations))
        slicer = random.choice((whole, randomly(random.getrandbits(32), random.choice((20, 200, 2000)))))
        assert outcome(replay(cls, turns, slicer, running=True)) == outcome(replay(cls, turns, slicer, running=False)), turns


@pytest.mark.parametrize('name', [name for name in PROTOCOLS if name != 'smtp'])
def test_runs_are_found_in_what_was_recorded(name: str) -> None:
    cls, passed = Protocol.get(name), {CLIENT: 0, BACKEND: 0}
    for turns in corpus.conversations(name).values():
        for message in replay(cls, turns, whole, running=True).messages:
            passed[message.sender] += message.name == ''
    assert min(passed.values()) >= 20


@pytest.mark.parametrize('name, title, requests, responses', [
    ('http', 'requests-nginx', 10, 12), ('memcache', 'binary', 17, 18), ('memcache', 'pymemcache-noreply', 29, 13),
    ('mysql', 'connector-python', 20, 23), ('mysql', 'libmariadb-prepared', 6, 6), ('postgres', 'extended-protocol', 65, 65),
    ('postgres', 'pgbench-prepared', 14, 14), ('postgres', 'pipeline', 56, 54)])
def test_what_clients_say_most_comes_in_runs(name: str, title: str, requests: int, responses: int) -> None:
    messages = replay(Protocol.get(name), corpus.conversations(name)[title], whole, running=True).messages
    passed = [message.sender for message in messages if message.name == '']
    assert (passed.count(CLIENT) >= requests, passed.count(BACKEND) >= responses) == (True, True)


def test_a_chunked_response_comes_in_a_run() -> None:
    page, head = b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    cls, chunks = Protocol.get('http'), b'5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n'
    for response, runs in ((head + chunks, 2), (head + chunks[:-2], 0), (head + chunks.replace(b'1;', b'g;'), 0)):
        turns = [(CLIENT, page), (BACKEND, response)] * 2
        messages = replay(cls, turns, whole, running=True).messages
        assert sum(message.sender == BACKEND and message.name == '' for message in messages) == runs
        assert outcome(replay(cls, turns, whole, running=True)) == outcome(replay(cls, turns, whole, running=False))


def test_a_copy_that_a_run_of_postgres_comes_after_is_followed() -> None:
    """The server reads CopyData, and none of the Syncs of the groups that came before their end has an effect."""
    def said(code: bytes, body: bytes = b'') -> bytes:
        return code + (len(body) + 4).to_bytes(4, 'big') + body

    startup = (196608).to_bytes(4, 'big') + b'user\0me\0\0'
    group = said(b'P', b'\0SELECT 1\0\0\0') + said(b'B', bytes(8)) + said(b'E', bytes(5)) + said(b'S')
    copies, ready = said(b'Q', b'COPY t FROM STDIN\0'), said(b'Z', b'I')
    turns = [(CLIENT, (len(startup) + 4).to_bytes(4, 'big') + startup), (BACKEND, said(b'R', bytes(4)) + ready), (CLIENT, copies),
             (CLIENT, group), (BACKEND, said(b'G', bytes(3))), (CLIENT, said(b'c')), (BACKEND, said(b'C', b'COPY 0\0') + ready),
             (BACKEND, said(b'1') + said(b'2') + said(b'C', b'SELECT 1\0'))]
    cls = Protocol.get('postgres')
    dialogue = replay(cls, turns, whole, running=True)
    assert outcome(dialogue) == outcome(replay(cls, turns, whole, running=False))
    assert outcome(replay(cls, [*turns, (CLIENT, group), (BACKEND, said(b'1'))], whole, running=True)) == \
        outcome(replay(cls, [*turns, (CLIENT, group), (BACKEND, said(b'1'))], whole, running=False))
