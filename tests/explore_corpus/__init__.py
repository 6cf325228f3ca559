"""Small applications with one weakness each, and the mended twin of each: what ``vaurien explore`` has to find, and must not."""
