"""What the proxies have counted, as Prometheus and statsd read it."""
