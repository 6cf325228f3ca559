"""Several processes that relay for one: each has its share of the sessions, on a core of its own.

The one that was started has the control server and what is wanted; its proxies hold their places and take no client. It tells the
others what they should be, all of them or none, and sums up what they count.
"""
