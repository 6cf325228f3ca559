"""The report of a scenario: as data, on a terminal, and as a picture."""
