"""An HTTP server that is quiet and bounded: gevent's, for the control server and for the embedded backend."""
