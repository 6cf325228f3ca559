"""Sessions whose exchanges are recorded: how each request was answered, and how long it took; others cost nothing more."""
