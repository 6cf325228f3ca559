"""What ``vaurien explore --help`` says: a page that fits on a screen. Parses nothing."""
TEXT = """\
vaurien explore runs a command again and again, each time with one failure that
its backends could really have at one request that it really makes.

usage: vaurien explore --through VAR [option ...] -- COMMAND [argument ...]

  vaurien explore --through DATABASE_URL --through REDIS_URL --budget 10m \\
          -- pytest tests/
      each test is told apart: one failure for each test and run
  vaurien explore --through REDIS_URL -- ./check.sh
      any other command is one test, which passes with status 0
  vaurien explore --through REDIS_URL --tests 'ls t/*.sh' --each 'sh {test}'
      each line is a test, and each test a command

  vaurien explore --through REDIS_URL --ready 'curl -sf localhost:9000/' \\
          --drive 'sh smoke.sh' -- ./server
      a program that serves, and what asks it

  --through, --env, --in-place    where the backends are: as for vaurien run
  --budget 30s|10m|2h   no run is begun after that
  --limit SECONDS       what each test may take in any case
  --level 1|2|3|4       each kind of request once, in every test, each request,
                        two failures together
  --only SHAPE --classes C   this alone: requests that look so, and classes
  --must-tolerate       a failure that is worth another try may end no test
  --state CMD           what the backends have, as lines and numbers: shows what
                        is done twice or lost where requests do not
  --list                shows what would be done
  --html FILE           the report, for people; --json FILE for programs,
                        --junit FILE for CI, --sarif FILE for code hosts
  --emit-tests DIR      a test of pytest for each FAIL
  --accept FILE         findings that are known; vaurien explore accept FILE
                        writes those of the last run into it
  --http                shows on a page how far it is; --http-port, --http-token
  --fresh               forgets what earlier runs have found out
  --allow-host HOST     a backend that is not on a private network

It ends with 1 for a new FAIL, with 0 for none, with 3 where the command does
not pass as it is or asks no backend, and with 130 after Ctrl-C.
"""
