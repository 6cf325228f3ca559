"""Links that people know, as a table, and the toxics that make a wire like them. Imports nothing of
vaurien, so that a user's tests may.

Only the two ends know what TCP makes of a lost packet: they see that it is late and that the rate sinks, never a
hole. So ``loss`` becomes the rate that a connection reaches beside it, and no byte is lost.
"""
from math import sqrt
from typing import Any, NamedTuple

SEGMENT = 1460  #: [bytes] of one TCP segment on Ethernet: 1500 without the headers of IPv4 and TCP
#: of the rate that a loss leaves; Mathis, Semke, Mahdavi, Ott, "The macroscopic behavior of the TCP congestion avoidance
#: algorithm", 1997: rate = segment / round trip * 1.22 / sqrt(loss)
MATHIS = 1.22
STREAMS = ('downstream', 'upstream')  #: the directions of a connection: from the backend to the client, and the other way
PREFIX = 'link_'    #: what the names of a link's toxics begin with


class NetworkProfile(NamedTuple):
    """What a link is like.

    Args:
        latency: Milliseconds of one direction.
        jitter: Milliseconds that it deviates by, to either side.
        down: Kilobits per second from the backend.
        up: Kilobits per second to the backend.
        loss: The share of the packets that are lost, 0 to 1.
        source: Where the figures are from.
    """

    latency: int
    jitter: int
    down: int
    up: int
    loss: float
    source: str

    def __str__(self) -> str:
        loss = f', {self.loss * 100:g} % lost' if self.loss else ''
        return f'{self.latency} ms each way, jitter {self.jitter} ms, {self.down} kbit/s down, {self.up} up{loss}'


# figures that a source gives for the round trip are halved here; Apple's are of one direction
LOADERO = 'Loadero, Network conditions (wiki.loadero.com)'
WEBPAGETEST = 'WebPageTest, connectivity.ini.sample'
LINKS: dict[str, NetworkProfile] = {
    'gprs': NetworkProfile(325, 50, 80, 20, 0.01, LOADERO),
    'edge': NetworkProfile(325, 50, 200, 260, 0.01, LOADERO),
    '3g': NetworkProfile(125, 25, 1_200, 1_200, 0.005, LOADERO),
    'hspa': NetworkProfile(75, 5, 20_000, 10_000, 0.005, LOADERO),
    '4g': NetworkProfile(22, 5, 100_000, 50_000, 0.002, LOADERO),
    'dsl': NetworkProfile(25, 0, 1_500, 384, 0.0, WEBPAGETEST),
    'cable': NetworkProfile(14, 0, 5_000, 1_000, 0.0, WEBPAGETEST),
    'wifi': NetworkProfile(1, 0, 30_000, 15_000, 0.0, 'Chrome DevTools, throttling profile WiFi of 2016'),
    # 10**-7 of the bits, so 0.12 % of the packets of 1500 bytes
    'satellite': NetworkProfile(279, 0, 1_000, 256, 0.0012,
                      f'RFC 2488, section 2: delay at the edge of the view from a fixed orbit, bit errors; rates: {LOADERO}'),
    'bad': NetworkProfile(500, 0, 1_000, 1_000, 0.1, 'Apple, Network Link Conditioner, profile Very Bad Network'),
}


def make_link(name: str) -> list[dict[str, Any]]:
    """Make the toxics of a link, for both directions.

    Args:
        name: One of ``LINKS``.

    Returns:
        The fields of a ``ToxicSpec`` for each.
    """
    link = LINKS[name]
    return [*_one_way(link, 'downstream', link.down), *_one_way(link, 'upstream', link.up)]


def _one_way(link: NetworkProfile, stream: str, kilobits: int) -> list[dict[str, Any]]:
    """Make the toxics of one direction: what leaves first passes the narrow place, then the way."""
    rate = kilobytes(kilobits)
    made = [_toxic('bandwidth', stream, 'bandwidth', rate=rate, shared=True)]    # all connections use the one link
    left = rate_beside(link)
    if left is not None and left < rate:
        made.append(_toxic('bandwidth', stream, 'loss', rate=left))              # each connection has losses of its own
    return [*made, _toxic('latency', stream, 'latency', latency=link.latency, jitter=link.jitter)]


def _toxic(kind: str, stream: str, role: str, **attributes: int) -> dict[str, Any]:
    return {'type': kind, 'name': f'{PREFIX}{role}_{stream}', 'stream': stream, 'attributes': attributes}


def kilobytes(kilobits: int) -> int:
    """Return a rate in whole kilobytes of 1000 bytes, at least one."""
    return max(1, round(kilobits / 8))


def rate_beside(link: NetworkProfile) -> int | None:
    """Return the kilobytes per second that one connection reaches in spite of the losses; None: there are none."""
    if not link.loss:
        return None
    return max(1, round(SEGMENT / (2 * link.latency) * MATHIS / sqrt(link.loss)))   # bytes per ms: kB per s
