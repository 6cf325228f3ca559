"""One session: two lanes that carry bytes between a client and its backend, and apply what was drawn for each exchange.

Streams, sessions and proxies end in three words:

======== =========================================== ============================================ ==============================
word     a stream                                    a session                                    a proxy
======== =========================================== ============================================ ==============================
finish   FIN after what is still to be written       both of its connections finish               none
abort    RST now                                     both of its connections abort                all of its sessions abort
drop     closed now; what is not written yet is lost both of its connections drop                 all of its sessions drop
======== =========================================== ============================================ ==============================

Beside them a session may ``finish_client`` (its backend has hung up) and be put to ``silence`` (it answers no more), and a
proxy may ``stop_listening``; ``stop`` gives its sessions time before it aborts them.
"""
