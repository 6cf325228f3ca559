"""What ``vaurien run --help`` says: a page that fits on a screen. Parses nothing."""
TEXT = """\
vaurien run puts itself between a command and its backends, and lets them fail.

usage: vaurien run --through VAR [option ...] -- COMMAND [argument ...]

  vaurien run --through DATABASE_URL --through REDIS_URL --behavior 5:error \\
          --seed 7 -- pytest tests/
      one query in twenty, and one command in twenty, gets an error
  vaurien run --through cache=localhost:6379 --env REDIS_PORT={cache.port} \\
          --link 3g -- ./app
      for a program that takes no URL

  --through VAR         a variable with a URL, a DSN or HOST:PORT; VAR:PROTOCOL
                        where that does not say what is spoken
  --through NAME=HOST:PORT[:PROTOCOL]     a backend without a variable
  --env K=TEMPLATE      tells the command {NAME.host}, {NAME.port}, {NAME.url}
  --in-place HOST:PORT[=BACKEND]          where the address cannot be changed
  --intercept HOST,...  APIs of others: opened by a forward proxy, TLS and all
  --behavior, --toxic, --link, --fault    what goes wrong, for all of them
  --on NAME             ... and from here on for this one
  --seed N              the same faults again
  --quiet               says nothing of proxies and faults

vaurien run --help-all  every flag
"""
