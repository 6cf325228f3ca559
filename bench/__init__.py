"""How fast vaurien relays, side by side with what else relays: ``make bench``. Not installed with the package.

``contenders.py`` and ``measurements.py`` are the two tables; a new row there is all that a new comparison needs.
"""
