"""Phases as the file of a scenario has them: what may stand there, how it is read, and what a proxy becomes by them."""
