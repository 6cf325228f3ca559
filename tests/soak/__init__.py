"""Hours of traffic, faults, changes and clients that die, from one seed: at the end nothing is left and no byte is missing.

``python -m tests.soak --minutes 60``; see ``run`` for what is held against what.
"""
