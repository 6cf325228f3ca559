"""What a suite asks its backends, what may be done to it, and in which runs: pure, without a process, a socket or a file."""
