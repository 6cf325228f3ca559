"""The everyday work of memcached's clients with TLS on both sides of vaurien: the same tests, word for word.

For clients and for memcached, of which not each build speaks TLS, another process does.
"""
from tests.integration import test_memcache_everyday
from tests.support.tls_tunnel import inside

LEFT_OUT = ('test_large_value_arrives_and_is_never_held',)     # it has a vaurien of its own, to be measured
globals().update(inside(test_memcache_everyday, LEFT_OUT))
