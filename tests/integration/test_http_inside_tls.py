"""The everyday work of HTTP's clients with TLS on both sides of vaurien: the same tests, word for word.

For clients and servers that do not speak TLS another process does.
"""
from tests.integration import test_http_everyday
from tests.support.tls_tunnel import inside

#: what has a vaurien of its own, to be measured; what names its backend, which is another one here; what TLS does not go with
LEFT_OUT = ('test_large_download_costs_no_more_memory_than_a_small_one',
            'test_large_upload_costs_no_more_memory_than_a_small_one',
            'test_host_field_becomes_the_backends_address_where_that_is_asked_for',
            'test_backend_connections_are_used_again_where_that_is_asked_for')
globals().update(inside(test_http_everyday, LEFT_OUT))
