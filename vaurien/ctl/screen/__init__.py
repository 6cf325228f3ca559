"""``vaurienctl top`` as a full screen: what goes on, and keys to switch it. Needs the extra ``vaurien[tui]``."""
