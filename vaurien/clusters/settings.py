"""Which cluster a process is to follow: what it was told, checked under the flags and keys that gave it. Connects to nothing."""
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from ..options import check_count
from ..spec import ClusterSpec
from .model import check_name, read_label
from .where import find_cluster

MAX_LABELS = 20     #: of a process


def read_cluster(own: Mapping[str, Any], label: Callable[[str], str], environ: Mapping[str, str]) -> ClusterSpec:
    """Make the spec of what the user gave.

    Args:
        own: The values of ``join``, which is not empty, ``member``, ``label`` and ``cluster_ttl``.
        label: Returns how the user knows one of them.
        environ: Has the password and the files of TLS.

    Raises:
        ConfigError: A value does not fit.
    """
    find_cluster(own['join'], label('join'), environ)
    if own['member']:
        check_name(own['member'], label('member'))
    labels = dict(read_label(text, label('label')) for text in own['label'])
    check_count(label('label'), len(labels), MAX_LABELS, 'labels')
    return ClusterSpec(join=own['join'], member=own['member'] or default_member(), labels=labels, ttl=own['cluster_ttl'])


def default_member() -> str:
    """Return the name of a process that was given none."""
    host = ''.join(char if char.isascii() and (char.isalnum() or char in '.-') else '-' for char in socket.gethostname())
    return f'{host.lstrip(".-")[:80] or "host"}-{os.getpid()}'
