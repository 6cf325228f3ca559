"""What a running vaurien tells others of itself: what it has counted, as Prometheus and statsd read it, and a journal."""
