"""Scenarios: phases over time, from a file to what proxies become, and the report of what clients saw meanwhile."""
