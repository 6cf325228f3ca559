"""vaurien in a container that a test starts, in the manner of Testcontainers' own module for Toxiproxy.

Needs ``vaurien[testcontainers]``, and an engine of containers where a container is started.
"""
try:
    from .container import VaurienContainer
except ImportError as error:
    raise ImportError(f'vaurien.testcontainers needs what vaurien[testcontainers] brings: '
                      f'pip install "vaurien[testcontainers]" ({error})') from None
from .proxy import ContainerProxy

__all__ = ['ContainerProxy', 'VaurienContainer']
