"""The control server: HTTP surfaces, thin over the fleet.

Nothing here is imported unless it was asked for.
"""
BACKLOG = 1024  #: [connections] that the kernel holds before they are accepted
