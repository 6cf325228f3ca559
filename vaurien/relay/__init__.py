"""One session: two lanes that carry bytes between a client and its backend, and apply what was drawn for each exchange."""
