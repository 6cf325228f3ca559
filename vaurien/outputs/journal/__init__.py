"""The journal of a run: a file with a line for each exchange, written while it goes on."""
