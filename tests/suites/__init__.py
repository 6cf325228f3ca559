"""The tests of applications that nobody here wrote, with ``vaurien run`` between them and their servers, and without it."""
