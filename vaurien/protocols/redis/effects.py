"""What each Redis command does to the data, and whether doing it twice is doing it once. Pure; knows no wire format."""
from typing import Final

from ..effects.words import (
    ADDS,
    BEGIN,
    CLEANING,
    COMMIT,
    END,
    KEEPS,
    LOGIN,
    QUEUED,
    READ,
    ROLLBACK,
    TAKES,
    UNKNOWN,
    Effect,
    Effects,
)
from .commands import COMMANDS, WRITE

#: the second time changes nothing, or is refused
KEEPING: Final = """
    BITOP COPY DEL EXPIRE EXPIREAT GEOADD GEOSEARCHSTORE HDEL HEXPIRE HEXPIREAT HMSET HPERSIST HPEXPIRE HPEXPIREAT HSET HSETEX
    HSETNX LREM LSET LTRIM MOVE MSET MSETNX PERSIST PEXPIRE PEXPIREAT PFADD PFMERGE PSETEX RENAME RENAMENX RESTORE SADD
    SDIFFSTORE SET SETBIT SETEX SETNX SETRANGE SINTERSTORE SMOVE SREM SUNIONSTORE UNLINK XACK XACKDEL XDEL XDELEX XTRIM ZADD
    ZDIFFSTORE ZINTERSTORE ZRANGESTORE ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZUNIONSTORE"""
#: the second time changes more
ADDING: Final = """
    APPEND DECR DECRBY HINCRBY HINCRBYFLOAT INCR INCRBY INCRBYFLOAT LINSERT LPUSH LPUSHX PUBLISH RPUSH RPUSHX SPUBLISH XADD
    ZINCRBY"""
#: the second time takes more away
TAKING: Final = """
    BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN GETDEL HGETDEL LMOVE LMPOP LPOP RPOP RPOPLPUSH SPOP XREADGROUP
    ZMPOP ZPOPMAX ZPOPMIN"""
LOGINS: Final = 'ASKING AUTH CLIENT COMMAND HELLO READONLY READWRITE RESET SELECT'
#: what says that a command changed nothing
TURNS: Final = {'MULTI': BEGIN, 'EXEC': COMMIT, 'DISCARD': ROLLBACK}
UNCHANGED: Final = ('nil', '0')

TABLE: Final[dict[str, Effect]] = {
    **dict.fromkeys(KEEPING.split(), KEEPS), **dict.fromkeys(ADDING.split(), ADDS), **dict.fromkeys(LOGINS.split(), LOGIN),
    **dict.fromkeys(TAKING.split(), TAKES),
    'QUIT': END, 'FLUSHALL': CLEANING, 'FLUSHDB': CLEANING,
    **dict.fromkeys(('EVAL', 'EVALSHA', 'FCALL'), UNKNOWN),
}


def effect(name: str, stage: str) -> Effect:
    """Return what a command does.

    Args:
        name: The command and its first argument.
        stage: ``queued``: it is done by the EXEC that comes later.
    """
    verb = name.partition(' ')[0].upper()
    if stage == 'queued':
        return QUEUED
    found = TABLE.get(verb)
    if found is None:
        found = UNKNOWN if COMMANDS.get(verb.encode(), 0) & WRITE else READ
    return found


def had_effect(answer: str, code: str) -> bool:
    """Return whether a write has changed anything, by its reply."""
    return answer in ('ok', 'none') and code not in UNCHANGED


def refused_by_itself(name: str, answer: str, code: str) -> bool:
    """Return whether a command that comes a second time is refused because of the first: ``SET NX``, ``SETNX``, ``HSETNX`` ..."""
    verb = name.partition(' ')[0].upper()
    return verb == 'SET' and code == 'nil' or verb in ('SETNX', 'HSETNX', 'MSETNX', 'RENAMENX', 'COPY') and code == '0'


def turn(name: str, stage: str) -> str:
    """Return what a command is for the transaction of its connection."""
    return TURNS.get(name.partition(' ')[0].upper(), '')


EFFECTS: Final = Effects(effect, had_effect, refused_by_itself, turn)
