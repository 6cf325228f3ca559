"""Answers a request with a response that is given as data, whichever version of HTTP it came in. Knows no framer.

A stream of HTTP/2, a call of gRPC among them, gets it as the frames of that stream alone. A call has no status of gRPC then: its
client makes one of that of HTTP, as it does of a page from a balancer.
"""
from collections.abc import Callable
from typing import Any, Final

from ...base import Exchange
from ...message import Builder, Failure, FailureKind
from ..failures import ANYWHERE
from ..failures import respond as respond_in_http_1
from ..h2.failures import builder
from ..h2.failures import respond as respond_in_stream
from ..h2.heads import Asked
from ..written import Written

#: what makes a response when it is needed, from the protocol object and the exchange
Making = Callable[[Any, Exchange], Written]
#: every stage of HTTP/1 and HTTP/2, calls of gRPC among them
STAGES: Final = ANYWHERE


def respond(protocol: Any, exchange: Exchange, written: Written) -> Failure:
    """Return what takes the place of a request and its response: this one, which the request's version and method allow."""
    if isinstance(exchange.note, Asked):
        return builder(lambda asked: respond_in_stream(asked, written))(protocol, exchange)
    return respond_in_http_1(protocol, exchange, written)


def responding(written: Written | Making) -> Builder:
    """Return a builder that answers with a response, or with what makes one for each exchange."""
    def build(protocol: Any, exchange: Exchange) -> Failure:
        return respond(protocol, exchange, written if isinstance(written, Written) else written(protocol, exchange))
    return build


def kind(description: str, written: Written | Making, codes: tuple[str, ...] = (), category: str = '', scope: str = 'request',
         stages: tuple[str, ...] = STAGES) -> FailureKind:
    """Return a kind of failure that is a response; it comes only where it is asked for by its name. The rest as in
    ``FailureKind``."""
    return FailureKind(description, stages, responding(written), codes, category, scope, True)
