"""Where the time of the event loop goes, by proxies and by whose code ran. Knows proxies, and no byte of what they relay."""
