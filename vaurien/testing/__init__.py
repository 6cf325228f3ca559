"""vaurien for tests: a daemon in a process of its own, and proxies in it.

No event loop comes into the test's process.
"""
from .daemon import Daemon, running
from .legacy import start_proxy, stop_proxy
from .proxy import Change, OpenSession, RunningProxy

__all__ = ['Change', 'Daemon', 'OpenSession', 'RunningProxy', 'running', 'start_proxy', 'stop_proxy']
