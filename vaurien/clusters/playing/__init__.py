"""Plays a scenario on the members of a cluster: one order under the lease of the one who asks, which changes with each phase."""
