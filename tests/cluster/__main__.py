"""``make cluster``: what is claimed of a cluster, shown with many members, one table; and what changes and rest cost.

``python -m tests.cluster --real 50 --simulated 1000``; names of cases after that run these alone. Times are of the clock
of this machine that only grows, which all of them share.
"""
import argparse
import contextlib
import sys
import time

import vaurien
from tests.support.etcd import Etcds, etcd_servers
from tests.support.faked_clock import found
from tests.support.namespaces import Namespace, NoNamespaces, namespace
from tests.support.processes import MissingServer

from . import clock, costs, failures, network, watching
from .crowd import Crowd, crowd
from .table import HEADER, Row

CASES = {
    'rest': lambda crowd, args: costs.rest(crowd, args.seconds),
    'change': lambda crowd, args: costs.change(crowd, args.changes),
    'refusal': lambda crowd, args: failures.refusal(crowd),
    'owner': lambda crowd, args: failures.owner_killed(crowd),
    'hangs': lambda crowd, args: failures.member_hangs(crowd),
    'leader': lambda crowd, args: failures.leader_killed(crowd),
    'torn': lambda crowd, args: watching.torn(crowd),
    'compacted': lambda crowd, args: watching.compacted(crowd),
    'network': lambda crowd, args: network.cut(crowd),
    'clock': lambda crowd, args: clock.stepped(crowd),
    'etcd': lambda crowd, args: failures.etcd_killed(crowd),
}
OF_TTL = 'rest'     #: the case of which another TTL is of interest
CABLED = 2  #: real members at cables that can be cut and torn


def show(rows: list[Row], shown: list[Row]) -> None:
    """Print rows."""
    for row in rows:
        print(row, flush=True)
    shown += rows


def run(etcd: Etcds, distance: Namespace | None, stepping: bool, args: argparse.Namespace) -> list[Row]:
    """Show what is asked for, with all members."""
    shown: list[Row] = []
    cases = args.cases or list(CASES)
    with crowd(etcd, 'crowd', args.ttl, args.real, args.simulated, distance=distance if 'network' in cases else None,
               cabled=min(CABLED, args.real), clock=stepping and 'clock' in cases) as members:
        print(f'{args.real} real members and {args.simulated} simulated ones, TTL {args.ttl} s\n{HEADER}', flush=True)
        for name in cases:
            if possible(name, members):
                show(tried(name, members, args), shown)
    if OF_TTL in cases:
        with crowd(etcd, 'patient', args.other_ttl, 0, args.simulated) as members:
            show(costs.rest(members, args.seconds), shown)
    for proxies in map(int, filter(None, args.proxies.split(','))):
        with crowd(etcd, f'proxies-{proxies}', args.other_ttl, 0, args.simulated, proxies) as members:
            print(f'{proxies} proxies each')
            show(costs.change(members, args.changes), shown)
    return shown


def tried(name: str, members: Crowd, args: argparse.Namespace) -> list[Row]:
    """Return the rows of a case; where it has failed one that says so, and the others go on."""
    try:
        return CASES[name](members, args)
    except AssertionError as error:
        return [members.row(name)._replace(failed=' '.join(str(error).split()) or 'it is not as it should be')]


def possible(name: str, members: Crowd) -> bool:
    """Return whether there is what a case needs."""
    needed = {'network': members.distance, 'clock': members.clock, 'torn': members.cables, 'compacted': members.cables}
    return needed.get(name, True) not in (None, [])


def main() -> int:
    """Show what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--real', type=int, default=50)
    parser.add_argument('--simulated', type=int, default=1000)
    parser.add_argument('--ttl', type=int, default=10, help='seconds, of members and of who asks')
    parser.add_argument('--other-ttl', type=int, default=30, help='seconds, of members at rest, the other time')
    parser.add_argument('--changes', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=10, help='for which members are at rest; at least their TTL')
    parser.add_argument('--proxies', default='', help='numbers of proxies of simulated members, with commas: changes once more')
    parser.add_argument('cases', nargs='*', metavar='CASE', help=f'of {", ".join(CASES)}; none: all')
    args = parser.parse_args()
    if unknown := set(args.cases) - CASES.keys():
        parser.error(f'{", ".join(sorted(unknown))}: expected of {", ".join(CASES)}')
    print(f'vaurien {vaurien.__version__}, three members of etcd, all on this machine', flush=True)
    began = time.monotonic()
    with contextlib.ExitStack() as ending:
        distance, stepping = None, True
        try:
            distance = ending.enter_context(namespace())
        except (NoNamespaces, MissingServer) as error:
            print(f'a cut network is not shown: {error}')
        try:
            found()
        except MissingServer as error:
            stepping = False
            print(f'a stepped clock is not shown: {error}')
        etcd = ending.enter_context(etcd_servers(beside=[distance.near] if distance else []))
        shown = run(etcd, distance, stepping, args)
    bad = [row.what for row in shown if not row.kept]
    print(f'{len(shown)} rows in {time.monotonic() - began:.0f} s, {"all as claimed" if not bad else f"NOT AS CLAIMED: {bad}"}')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
