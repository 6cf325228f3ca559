"""What requests do to what a server has: the words for it, and how statements of SQL read."""
