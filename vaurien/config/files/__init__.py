"""Files that say what to do, as sections of keys, before anything is converted."""
from ...options import Given

#: what a file gives: keys, and sections of them
Section = dict[str, Given]
Sections = dict[str, Section]
NOT_GIVEN = Given('', '')
