"""vaurien for tests: a daemon in a process of its own, and proxies in it.

No event loop comes into the test's process.
"""
from .changes import Change
from .daemon import Daemon, running
from .legacy import start_proxy, stop_proxy
from .plan import PlannedFault, PlannedRequest, RunningPlan
from .proxy import OpenSession, RunningProxy

__all__ = ['Change', 'Daemon', 'OpenSession', 'PlannedFault', 'PlannedRequest', 'RunningPlan', 'RunningProxy', 'running',
           'start_proxy', 'stop_proxy']
