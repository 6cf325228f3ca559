"""What real clients raise when TLS fails, through vaurien and at a server that fails so: each kind with each client.

``clients`` has the clients, ``failing`` the servers, ``rows`` brings them together, and ``docs/realism/tls.csv`` says what came
of them. ``python -m tests.realism.tls`` runs all; ``--write`` writes the table anew, of those that are the same on both sides.
"""
