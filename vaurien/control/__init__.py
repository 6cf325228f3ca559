"""The control server: HTTP surfaces, thin over the fleet.

Nothing here is imported unless it was asked for.
"""
