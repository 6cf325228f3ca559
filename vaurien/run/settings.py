"""What ``vaurien run`` can be told beside what plain vaurien can. One table, for its command line and for the docs."""
from ..config.settings import FILE, Text
from ..options import Bounded, Option
from ..words.hosts import FORM as INTERCEPTING
from ..words.phases.model import MAX_SCALE, MIN_SCALE

#: of these, what concerns a scenario that is played meanwhile
SCENARIO: dict[str, Option] = {
    'scenario': Option("Play the phases of this file while the command runs; its report is what vaurien scenario says", FILE, ''),
    'scenario_json': Option("Write the report of the scenario into this file, as JSON", FILE, ''),
    'scenario_svg': Option("Write a picture of what happened over time into this file", FILE, ''),
    'scenario_scale': Option("What all times of the scenario are multiplied with", Bounded(float, MIN_SCALE, MAX_SCALE), 1.0),
}
#: options of ``run``
RUN: dict[str, Option] = {
    'through': Option("A backend: the environment variable that has its address as a URL, a DSN or HOST:PORT, or the address "
                      "itself; may be repeated",
                      Text('VAR[:PROTOCOL]|NAME=HOST:PORT[:PROTOCOL]', 'VAR or NAME=HOST:PORT', str), None),
    'env': Option("A variable that the command gets; in its value {NAME.host}, {NAME.port}, {NAME.address} and {NAME.url} are "
                  "those of a proxy; may be repeated", Text('K=TEMPLATE', 'K=TEMPLATE', str), None),
    'in_place': Option("Listen at this very address, for a command that has it written into it, and connect to BACKEND; without "
                       "one the command runs in a network of its own, which has nothing else (Linux); may be repeated",
                       Text('HOST:PORT[=BACKEND][:PROTOCOL]', 'HOST:PORT[=BACKEND]', str), None),
    'intercept': Option("Hosts, with commas between them, whose connections are opened, as plain vaurien has it: the command is "
                        "told of a forward proxy, and all else passes through it unread; may be repeated",
                        Text('HOST[:PORT],...', INTERCEPTING, str), None),
    'on': Option("The options after it are for the proxy of this name alone, until the next --on",
                 Text('NAME', 'a name', str), None),
    'config': Option("An INI file; the command line wins over it, and [proxy:NAME] is for the proxy of that name", FILE, None),
    **SCENARIO,
}
REPEATED = ('through', 'in_place', 'env', 'intercept')   #: those that may be given several times
#: settings of plain vaurien that have no meaning here
ELSEWHERE = ('proxy', 'backend', 'intercept', 'protocol', 'fleet_only', 'populate', 'toxiproxy', 'end_with_parent', 'sync',
             'http', 'workers')
