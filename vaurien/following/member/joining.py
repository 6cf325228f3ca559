"""From the settings of a process to its membership of a cluster. Knows the fleet, to count what it has done."""
import os
import socket
from typing import Any

from ... import __version__
from ...clusters.choice import Self
from ...clusters.model import Counts
from ...clusters.where import find_cluster
from ...proxies.fleet import Fleet
from ...spec import ClusterSpec
from ..follower import Follower
from ..wanted import Wanted
from .member import Membership


def join(fleet: Fleet, follower: Follower, base: Wanted, spec: ClusterSpec, **more: Any) -> Membership:
    """Make a process a member of a cluster.

    Args:
        fleet: The proxies.
        follower: Makes them what is wanted.
        base: What the process is by itself.
        spec: Which cluster, and who it is there.
        more: As ``Membership`` has it.

    Raises:
        ConfigError: A file of TLS cannot be used.
    """
    me = Self(spec.member, socket.gethostname(), dict(spec.labels))
    return Membership(find_cluster(spec.join, '--join'), me, follower, base, spec.ttl,
                      {'pid': os.getpid(), 'version': __version__}, lambda: count(fleet), notice=fleet.journal.notice, **more)


def count(fleet: Fleet) -> Counts:
    """Return what the proxies of a process have counted."""
    fleet.refresh()
    proxies = list(fleet.proxies.values())
    return Counts(sessions=sum(len(proxy.sessions) for proxy in proxies), accepted=sum(proxy.stats.accepted for proxy in proxies),
                  exchanges=sum(proxy.totals()[0] for proxy in proxies), faults=fleet.journal.count)

