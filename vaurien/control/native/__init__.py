"""vaurien's own HTTP API below /v1: its calls, what they take and give, its events and its description."""
