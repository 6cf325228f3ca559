"""A process as a member of a cluster: it reads what is wanted from etcd, becomes that, and says what it has become.

Without etcd it heals itself, and relays on.
"""
