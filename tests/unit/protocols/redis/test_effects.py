"""What each Redis command does to the data."""
import pytest

from vaurien.protocols.effects.words import ADDS, CLEANING, END, KEEPS, LOGIN, QUEUED, READ, TAKES, UNKNOWN
from vaurien.protocols.redis.commands import WRITING
from vaurien.protocols.redis.effects import EFFECTS, TABLE


@pytest.mark.parametrize('name, expected', [
    ('SET a', KEEPS), ('set a', KEEPS), ('HSET a', KEEPS), ('DEL a', KEEPS), ('ZREMRANGEBYSCORE a', KEEPS), ('LREM a', KEEPS),
    ('INCR a', ADDS), ('LPUSH a', ADDS), ('LPOP a', TAKES), ('LMOVE a', TAKES), ('XADD a', ADDS), ('PUBLISH a', ADDS),
    ('GET a', READ), ('PING', READ), ('UNWATCH', READ), ('UNSUBSCRIBE a', READ), ('EVAL return', UNKNOWN),
    ('FLUSHDB', CLEANING), ('HELLO 3', LOGIN), ('QUIT', END),
])
def test_what_a_command_does(name, expected):
    assert EFFECTS.of(name, 'command') == expected


def test_a_queued_command_does_nothing_by_itself():
    assert EFFECTS.of('INCR a', 'queued') == QUEUED


def test_a_reply_of_nil_or_0_or_an_error_is_no_effect():
    assert EFFECTS.had('ok', '')
    assert not EFFECTS.had('ok', 'nil')
    assert not EFFECTS.had('ok', '0')
    assert not EFFECTS.had('READONLY', '')


def test_a_lock_is_refused_by_its_own_first_attempt():
    assert EFFECTS.refuses('SET lock', 'ok', 'nil')
    assert EFFECTS.refuses('SETNX lock', 'ok', '0')
    assert not EFFECTS.refuses('SET lock', 'ok', '')
    assert not EFFECTS.refuses('GET lock', 'ok', 'nil')


def test_of_the_commands_that_write_few_are_unknown():
    unknown = {name.decode() for name in WRITING.split()} - TABLE.keys()
    assert unknown <= {'BITFIELD', 'GEORADIUS', 'GEORADIUSBYMEMBER', 'GETEX', 'GETSET', 'HGETEX', 'MIGRATE', 'PFDEBUG',
                      'RESTORE-ASKING', 'SORT', 'SWAPDB', 'XAUTOCLAIM', 'XCLAIM', 'XSETID'}, 'give it a place in the table'
