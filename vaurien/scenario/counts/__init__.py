"""What clients saw while a scenario was played, counted in memory that is bounded."""
