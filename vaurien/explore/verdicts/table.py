"""The verdicts that there are, each with its level and one sentence. A table, for the report and for the docs."""
from typing import Final

FAIL, WARN = 'FAIL', 'WARN'

#: by name: the level, and when it is given
VERDICTS: Final[dict[str, tuple[str, str]]] = {
    'hang': (FAIL, 'the client still waited for a silent server at the limit of the test'),
    'crash': (FAIL, 'the command was ended by a signal, or a program that serves has ended'),
    'double-effect': (FAIL, 'the response was lost, and the same write was done again; or the state has changed by more than '
                      'without the fault'),
    'own-effect-refused': (FAIL, 'the response was lost, and the repeat was refused because of the first one'),
    'silent-success': (FAIL, 'the test passes, and a write was refused and never done, or half a response or an expired '
                       'certificate was taken'),
    'lost-write': (FAIL, 'the test passes, and fewer writes were done, or the state has changed by less, than without the '
                   'fault'),
    'wrong-error': (FAIL, 'the test fails, and nothing in the exception tells of the failure'),
    'retry-storm': (FAIL, 'more than 20 attempts of one request in a row'),
    'retried-final': (FAIL, 'a request was repeated that was refused for good'),
    'retry-after-ignored': (FAIL, 'the next attempt came before the time that Retry-After had asked for'),
    'not-tolerated': (WARN, 'a failure that is worth another try ended the test: nothing tried again'),
    'no-backoff': (WARN, 'three attempts or more in a row without a wait between them, or all with the same'),
    'dead-connection': (WARN, 'the next requests went to a connection that the error had made useless'),
    'leak': (WARN, 'more connections are open at the end of the test than without the fault'),
}
