"""Where the time of the event loop goes: for which proxy, and to which protocol, behavior or toxic."""
