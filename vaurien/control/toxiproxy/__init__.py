"""Toxiproxy's HTTP API, to the byte of its bodies and of its words for mistakes."""
from .calls import make_surface

__all__ = ['make_surface']
