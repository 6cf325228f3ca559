"""``vaurienctl top`` as a full screen: what goes on, and keys to switch it.

It needs the extra ``vaurien[tui]``.
"""
