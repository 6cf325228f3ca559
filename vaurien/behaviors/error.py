"""One fault: the backend answers with an error."""
from collections.abc import Mapping
from time import monotonic
from typing import Any, ClassVar

from ..errors import ConfigError
from ..words.rates import Bucket, Left, Window, check_rate, read_rate
from ..words.responses import Fields, Status, read_body, read_body_file, read_retry_after
from .base import Calls, Dummy, Option
from .dummy import unsuitable

RESPONSE = 'response'   #: the kind of error that is what these options say
TOO_MANY = 429          #: the status beyond a quota, where no other is said
#: what a response of one's own can be told
OF_RESPONSE = {
    'status': Option("In http: the status of a response of one's own; without one 503, and 429 beyond a quota", Status, None),
    'header': Option("In http: a field of that response; several are kept in their order", Fields, None),
    'body': Option("In http: the body of that response; without one a page says what has happened", read_body, None),
    'body_file': Option("In http: the file with that body, read at the start; no request to the control server may name one",
                        read_body_file, None),
    'retry_after': Option("In http: the Retry-After of that response", read_retry_after, None),
}
OF_QUOTA = {
    'quota': Option("In http: only requests beyond so many in so much time get the error, and all responses say what is left: of "
                    "all sessions of the proxy together", check_rate, None),
    'bucket': Option("The quota comes back one by one (token bucket); False: all at once, when its time is over (fixed window)",
                     bool, False),
}


class Error(Dummy):
    """The client gets an error in place of the response, in the protocol's own words, and its library raises what it would
    raise for the real failure.

    Where the protocol knows no requests the error is random bytes. With ``inject`` the request does reach the backend, and its
    real response arrives with 100 random bytes after its first ones; http has no such thing, nor have requests without a
    response.

    In http ``status``, ``header``, ``body``, ``body_file`` and ``retry_after`` make a response of one's own, in HTTP/1 and HTTP/2
    alike; a call of gRPC gets it as it gets a page from a balancer. With ``quota`` requests pass until it is used up; their
    responses, and the refusals, have ``x-ratelimit-limit``, ``-remaining`` and ``-reset`` [s], the refusals ``retry-after`` too.
    """

    name = 'error'
    inline = True
    reports = True
    options = {
        'kind': Option("Which of the protocol's errors, by its name or its code; empty: any of them, at random", str, ''),
        'inject': Option("Put random bytes into the real response", bool, False),
        'warmup': Option("How many exchanges pass before the first error", Calls, 0),
        'first': Option("How many exchanges get the error, after which all pass; 0: all of them get it", Calls, 0),
        **OF_RESPONSE, **OF_QUOTA,
    }
    #: the option that says how many exchanges get the error
    limit: ClassVar[str] = 'first'
    always: ClassVar[bool] = True   #: 0 stands for all of them

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self.calls = 0  #: exchanges so far
        rate = self.settings.get('quota')
        self.quota = None if rate is None else (Bucket if self.option('bucket') else Window)(read_rate(rate))
        self._check()
        if not self.option('kind') and (self._told() or self.quota is not None):
            self.settings['kind'] = RESPONSE
        if self.quota is not None and self.option('kind') == RESPONSE:
            self.settings['status'] = self.option('status') or TOO_MANY

    def _told(self) -> list[str]:
        """Return the options that say what a response of one's own is."""
        return [name for name in OF_RESPONSE if self.settings.get(name) is not None]

    def _check(self) -> None:
        """Refuse options that contradict each other."""
        told, kind = self._told(), self.option('kind')
        if told and kind not in ('', RESPONSE):
            raise ConfigError(told[0], self.option(told[0]), f'no kind beside it, or {RESPONSE}; it is {kind}')
        if 'body' in told and 'body_file' in told:
            raise ConfigError('body_file', 'and body', 'one of the two')
        if self.option('inject') and (told or self.quota is not None):
            raise ConfigError('inject', True, f'no {"quota" if self.quota else told[0]} beside it')
        if self.settings.get('bucket') and self.quota is None:
            raise ConfigError('bucket', True, 'a quota beside it')

    def suit(self, protocol: Any) -> None:
        kind = self.option('kind')
        own = [*self._told(), *(['quota'] if self.quota is not None else [])]
        if own and not protocol.kinds_named(RESPONSE):
            raise ConfigError(own[0], self.option(own[0]), f'nothing, since {protocol.name} is not http')
        if kind and not protocol.kinds_named(kind):
            raise unsuitable(kind, protocol)

    def acts(self) -> bool:
        """Count an exchange, and return whether the error is applied to it."""
        self.calls += 1
        warmup, limit = self.option('warmup'), self.option(self.limit)
        return bool(self.calls > warmup and (self.calls <= warmup + limit or not limit and self.always))

    def on_before_handle(self, protocol: Any, source: Any, dest: Any, to_backend: bool) -> bool:
        exchange = protocol.exchange(to_backend)
        if to_backend:
            exchange.met = not (exchange.due or self.acts())
            if not exchange.met and self.quota is not None and not exchange.due:
                return self._within(protocol, source, dest, self.quota.take(monotonic()))
            if not exchange.met and not self.option('inject'):
                return bool(protocol.fail(source, dest, self.option('kind') or None))
            exchange.met = exchange.met or not protocol.spoils()
        elif self.option('inject') and not exchange.met:
            exchange.met = True
            protocol.spoil(source)
        return True

    def _within(self, protocol: Any, source: Any, dest: Any, left: Left) -> bool:
        """Let a request pass that is within the quota, and refuse one that is not."""
        said = (('x-ratelimit-limit', str(left.limit)), ('x-ratelimit-remaining', str(left.remaining)),
                ('x-ratelimit-reset', str(left.reset)))
        if left.passes:
            return bool(protocol.tell(*said))
        if self.option('kind') != RESPONSE:
            return bool(protocol.fail(source, dest, self.option('kind')))
        wait = () if self.option('retry_after') is not None else (('retry-after', str(left.wait)),)
        return bool(protocol.respond(self.settings, *wait, *said))
