"""What real clients raise when vaurien fails in a server's place, held against what they raise when the server does.

A module for each protocol has its ``ROWS``; ``runner`` lets real clients meet them through a real vaurien, ``renderer``
writes the page of the docs. ``python -m tests.realism`` prints the table; ``--write`` writes the pages.
"""
