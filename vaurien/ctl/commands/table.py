"""What ``vaurienctl`` can do, as a table: each command is a verb, and the proxy that it is about follows it."""
from .. import arguments as a
from ..arguments import Command
from . import busy, marks, plan, proxies, sessions, toxics

COMMANDS: dict[str, Command] = {
    'proxies': Command('list the proxies', proxies.list_proxies),
    'show': Command('show all about a proxy', proxies.show, (a.PROXY,)),
    'create': Command('make a proxy', proxies.create, (a.PROXY, a.LISTEN, a.BACKEND, a.PROTOCOL, a.MIX, a.DISABLED)),
    'remove': Command('end a proxy and its sessions', proxies.remove, (a.PROXY,)),
    'enable': Command('let a proxy listen again, where it did', proxies.enable, (a.PROXY,)),
    'disable': Command('let a proxy refuse connections, and reset the open ones', proxies.disable, (a.PROXY,)),
    'protocol': Command('show or change the protocol of a proxy', proxies.protocol, (a.PROXY, a.NEW_PROTOCOL)),
    'backend': Command('show or change the backend of a proxy', proxies.backend, (a.PROXY, a.NEW_BACKEND)),
    'reset': Command('make a proxy, or all of them, again what it was created as', proxies.reset, (a.PROXY_OR_ALL,)),
    'behaviors': Command('list the behaviors that there are', proxies.list_behaviors),
    'behavior': Command('show what a proxy does, or apply a behavior to every exchange', proxies.behavior,
                        (a.PROXY, a.NEW_BEHAVIOR), options=True),
    'mix': Command('show or change the mix of a proxy', proxies.mix, (a.PROXY, a.NEW_MIX)),
    'toxics': Command('list the toxics of a proxy', toxics.list_toxics, (a.PROXY,)),
    'add-toxic': Command('put a toxic on a proxy', toxics.add_toxic,
                         (a.PROXY, a.TYPE, a.ATTRIBUTES, a.CALLED, a.STREAM, a.TOXICITY), options=True),
    'change-toxic': Command('change a toxic of a proxy', toxics.change_toxic,
                            (a.PROXY, a.TOXIC, a.ATTRIBUTES, a.TOXICITY), options=True),
    'remove-toxic': Command('take a toxic away from a proxy', toxics.remove_toxic, (a.PROXY, a.TOXIC)),
    'plan': Command('show or change the plan: which requests get which failure', plan.plan, (a.PLAN_ACTION, a.PLAN_WORDS)),
    'mark': Command('show which test runs, begin one, or end it', marks.mark, (a.TEST, a.END)),
    'sessions': Command('list the open sessions of a proxy', sessions.sessions, (a.PROXY,)),
    'kill': Command('reset sessions of a proxy', sessions.kill, (a.PROXY, a.NUMBERS)),
    'faults': Command('list what was injected', sessions.faults, (a.PROXY_OR_ALL, a.FOLLOW, a.SINCE, a.OF)),
    'top': Command('show again and again how busy the proxies are', sessions.top, (a.INTERVAL, a.COUNT, a.PLAIN)),
    'busy': Command('show where the time of the event loop goes, where vaurien was started with --busy', busy.busy, (a.SECONDS,)),
}
