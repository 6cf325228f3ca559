"""A process follows a source: what it should be, under a version; it becomes that, whole or not at all, and reports back.

The source is the command line with its files, the parent of a worker, or another one that makes a ``Wanted``.
Knows the fleet, and no source.
"""
