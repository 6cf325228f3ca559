"""TLS on either side of a proxy: what it ends and begins it with, and a stream that has all verbs of a plain one."""
