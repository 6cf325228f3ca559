"""What a request asks to happen to itself, in a field of its headers."""
