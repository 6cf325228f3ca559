"""The facts about Redis commands that failures depend on. Bytes and numbers; knows no wire format.

The lists are what a server returns for ``COMMAND`` (Redis 7.0; later commands are added). A command in none of them comes
from a module: nothing is known of its keys, and it is refused where most commands are.
"""
from binascii import crc_hqx
from typing import Final

# What is known of a command, one bit each.
KEYED: Final = 1        #: its first argument is a key
MULTI_KEY: Final = 2         #: it has keys that may belong to several hash slots
WRITE: Final = 4        #: it is refused by a replica, and where writes cannot be kept
GROW: Final = 8         #: it is refused while the memory is full
LOADED: Final = 16      #: it is refused while the data set is loaded
FRESH: Final = 32       #: it is refused by a replica that has lost its master and serves no stale data
IDLE: Final = 64        #: it is refused while a script runs
GUARDED: Final = 128    #: it is refused before the client has authenticated, and without the permission to run it
BLOCKS: Final = 256     #: it waits in the server until there is something to return
STORED: Final = 512     #: it runs a script that the server knows by its digest
LOGIN: Final = 1024     #: it carries a password
GREETS: Final = 2048    #: it asks for a version of the protocol
WATCHED: Final = 4096   #: it runs a transaction that depends on keys being unchanged
#: it has not exactly one reply, or it changes the session
SPECIAL: Final = 8192

# The commands by what they do to their keys, which come first if there are any.
GROWING = b"""
    APPEND BITFIELD BITOP BLMOVE BRPOPLPUSH COPY DECR DECRBY GEOADD GEORADIUS GEORADIUSBYMEMBER GEOSEARCHSTORE GETSET HGETEX
    HINCRBY HINCRBYFLOAT HMSET HSET HSETEX HSETNX INCR INCRBY INCRBYFLOAT LINSERT LMOVE LPUSH LPUSHX LSET MSET MSETNX PFADD
    PFDEBUG PFMERGE PSETEX RESTORE RESTORE-ASKING RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SET SETBIT SETEX SETNX SETRANGE
    SINTERSTORE SORT SUNIONSTORE XADD XSETID ZADD ZDIFFSTORE ZINCRBY ZINTERSTORE ZRANGESTORE ZUNIONSTORE"""
WRITING = GROWING + b"""
    BLMPOP BLPOP BRPOP BZMPOP BZPOPMAX BZPOPMIN DEL EXPIRE EXPIREAT FLUSHALL FLUSHDB GETDEL GETEX HDEL HEXPIRE HEXPIREAT
    HGETDEL HPERSIST HPEXPIRE HPEXPIREAT LMPOP LPOP LREM LTRIM MIGRATE MOVE PERSIST PEXPIRE PEXPIREAT RENAME RENAMENX RPOP
    SMOVE SPOP SREM SWAPDB UNLINK XACK XACKDEL XAUTOCLAIM XCLAIM XDEL XDELEX XREADGROUP XTRIM ZMPOP ZPOPMAX ZPOPMIN ZREM
    ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE"""
READING = b"""
    BITCOUNT BITFIELD_RO BITPOS DUMP EXISTS EXPIRETIME GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET
    GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS
    LCS LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME PFCOUNT PTTL SCARD SDIFF SINTER SISMEMBER SMEMBERS SMISMEMBER SORT_RO
    SPUBLISH SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TOUCH TTL TYPE WATCH XLEN XPENDING XRANGE XREVRANGE ZCARD ZCOUNT ZLEXCOUNT
    ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE"""
#: the commands of these lists whose first argument is no key
UNKEYED = b'BITOP BLMPOP BZMPOP FLUSHALL FLUSHDB LMPOP MIGRATE PFDEBUG SWAPDB XREADGROUP ZMPOP'
#: by the number of words, the name included, from which on a command has several keys
MULTI_KEY_COMMANDS = {
    3: b"""COPY DEL EXISTS GEOSEARCHSTORE LCS LMOVE MGET PFCOUNT PFMERGE RENAME RENAMENX RPOPLPUSH SDIFF SDIFFSTORE SINTER
        SINTERSTORE SMOVE SUNION SUNIONSTORE TOUCH UNLINK WATCH ZRANGESTORE BLMOVE BRPOPLPUSH""",
    4: b'BITOP BLPOP BRPOP BZPOPMAX BZPOPMIN MSET MSETNX',
}
#: without ``XREAD`` and ``XREADGROUP``, which wait only with ``BLOCK``
BLOCKING_COMMANDS = b'BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN'
# The commands that are served while the data set is being loaded, by a replica without its master, while a script runs, and
# before the client has authenticated. A command with subcommands is listed if any of these is served.
ALLOWED_WHILE_LOADING = b"""
    ACL AUTH CLIENT COMMAND CONFIG DEBUG DISCARD ECHO EXEC HELLO INFO LASTSAVE LATENCY MONITOR MULTI PSUBSCRIBE PUBLISH PUBSUB
    PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET ROLE SELECT SHUTDOWN SLOWLOG SPUBLISH SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE
    TIME UNSUBSCRIBE UNWATCH WATCH"""
ALLOWED_WHILE_STALE = ALLOWED_WHILE_LOADING + b"""
    CLUSTER EVAL EVALSHA EVALSHA_RO EVAL_RO FAILOVER FCALL FCALL_RO REPLICAOF SCRIPT SLAVEOF"""
ALLOWED_WHILE_BUSY = b'AUTH DISCARD FUNCTION HELLO MULTI QUIT REPLCONF RESET SCRIPT SHUTDOWN UNWATCH WATCH'
ALLOWED_BEFORE_LOGIN = b'AUTH HELLO QUIT RESET'
#: the commands that the framers look at more closely
SPECIAL_COMMANDS = b"""
    ASKING AUTH CLIENT DISCARD EXEC HELLO MONITOR MULTI PSUBSCRIBE PSYNC PUNSUBSCRIBE QUIT READONLY READWRITE REPLCONF RESET
    SCRIPT SELECT SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE SYNC UNSUBSCRIBE UNWATCH WATCH"""

REFUSED: Final = LOADED | FRESH | IDLE | GUARDED    #: the bits of a command that no list names


def _table() -> dict[bytes, int]:
    """Return the bits of each command, by its name in upper and in lower case."""
    sets = {WRITE: WRITING, GROW: GROWING, BLOCKS: BLOCKING_COMMANDS, SPECIAL: SPECIAL_COMMANDS,
            STORED: b'EVALSHA EVALSHA_RO', LOGIN: b'AUTH', KEYED: WRITING + READING,
            MULTI_KEY: b' '.join(MULTI_KEY_COMMANDS.values())}
    spared = {LOADED: ALLOWED_WHILE_LOADING, FRESH: ALLOWED_WHILE_STALE, IDLE: ALLOWED_WHILE_BUSY,
              GUARDED: ALLOWED_BEFORE_LOGIN, KEYED: UNKEYED}
    table: dict[bytes, int] = {}
    for bit, names in sets.items():
        for name in names.split():
            table[name] = table.get(name, REFUSED) | bit
    for bit, names in spared.items():
        for name in names.split():
            table[name] = table.get(name, REFUSED) & ~bit
    return {**table, **{name.lower(): bits for name, bits in table.items()}}


COMMANDS: Final = _table()
MIN_WORDS_FOR_MULTI_KEY: Final = {name: least for least, names in MULTI_KEY_COMMANDS.items() for name in names.split()}


def known(verb: bytes, words: int) -> int:
    """Return what is known of a command, as the bits above.

    Args:
        verb: Its name as sent, in any case.
        words: How many words it was sent with, the name included.
    """
    bits = COMMANDS.get(verb)
    if bits is None:
        bits = COMMANDS.get(verb.upper(), REFUSED)
    if bits & MULTI_KEY and words < MIN_WORDS_FOR_MULTI_KEY[verb.upper()]:
        bits &= ~MULTI_KEY
    return bits if words > 1 else bits & ~KEYED


def slot(key: bytes) -> int:
    """Return the hash slot of a key, 0 to 16383 ("Redis cluster specification", key distribution model).

    Only the text between the first ``{`` and the next ``}`` counts, unless it is empty.
    """
    start = key.find(b'{')
    if start >= 0:
        end = key.find(b'}', start)
        if end > start + 1:
            key = key[start + 1:end]
    return crc_hqx(key, 0) % 16384
