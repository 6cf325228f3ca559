"""What behaviors are made of, for plugin authors: the base class, and the words to declare options with."""
from ..options import Bounded, Option
from .dummy import COMMON, Dummy

#: the type of an option in seconds
Seconds = Bounded(float, 0)
#: the type of an option that counts calls
Calls = Bounded(int, 0)

__all__ = ['COMMON', 'Bounded', 'Calls', 'Dummy', 'Option', 'Seconds']
