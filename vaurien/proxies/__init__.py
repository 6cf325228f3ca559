"""The proxies of this process: accepting, counting, and changing them all or not at all."""
