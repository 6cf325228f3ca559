"""Files that say what to do, as sections of keys, before anything is converted."""
