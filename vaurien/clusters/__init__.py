"""Many processes as one: what is wanted of them stands in etcd, under a lease of the one who wants it.

Names the keys, reads and writes them, and asks for faults. Needs no event loop; what a member does with the keys is in
``following/member``.
"""
