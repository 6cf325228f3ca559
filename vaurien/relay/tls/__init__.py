"""TLS that begins, or fails, while a session is under way."""
