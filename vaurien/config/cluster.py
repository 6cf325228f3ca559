"""Which cluster a process is to follow: its settings, checked under the flags and keys that gave them. Connects to nothing."""
import os
import socket
from collections.abc import Mapping

from ..options import check_count
from ..spec import ClusterSpec
from .arguments import Values
from .settings import CLUSTER
from .values import label, taken

MAX_LABELS = 20     #: of a process


def read_cluster(values: Values, environ: Mapping[str, str]) -> ClusterSpec:
    """Make the spec of what the user gave.

    Raises:
        ConfigError: A value does not fit.
    """
    own = taken(CLUSTER, values)
    if not own['join']:
        return ClusterSpec()
    from ..clusters.model import check_name, read_label  # few join
    from ..clusters.where import find_cluster
    find_cluster(own['join'], label('join', values), environ)
    if own['member']:
        check_name(own['member'], label('member', values))
    labels = dict(read_label(text, label('label', values)) for text in own['label'])
    check_count(label('label', values), len(labels), MAX_LABELS, 'labels')
    return ClusterSpec(join=own['join'], member=own['member'] or default_member(), labels=labels, ttl=own['cluster_ttl'])


def default_member() -> str:
    """Return the name of a process that was given none."""
    host = ''.join(char if char.isascii() and (char.isalnum() or char in '.-') else '-' for char in socket.gethostname())
    return f'{host.lstrip(".-")[:80] or "host"}-{os.getpid()}'
