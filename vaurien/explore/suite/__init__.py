"""Runs of the suite: the command, its proxies, what its tests tell, and the limit of each, kept from outside."""
